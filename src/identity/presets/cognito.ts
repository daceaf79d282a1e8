import { z } from 'zod'
import { hostOption, type IdentityPreset } from './preset.ts'

const options = {
  awsRegion: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: 'must be a region like eu-central-1' })
    .describe('Region of the user pool.'),
  userPoolId: z
    .string()
    .regex(/^[\w-]+_[0-9A-Za-z]+$/, { error: 'must be a user pool id like eu-central-1_AbCdEfGhI' })
    .describe('Id of the user pool.'),
  userPoolDomain: hostOption('Domain of the managed sign-in, where people are sent.').optional(),
}

/** Amazon Cognito. The issuer stays at the pool, the sign-in lives on a domain of its own. */
export const cognito: IdentityPreset<typeof options> = {
  name: 'cognito',
  exportName: 'McpCognitoOAuthInboundPolicy',
  title: 'Amazon Cognito',
  options,
  locate: ({ awsRegion, userPoolId, userPoolDomain }) => ({
    issuer: `https://cognito-idp.${awsRegion}.amazonaws.com${awsRegion.startsWith('cn-') ? '.cn' : ''}/${userPoolId}`,
    ...(userPoolDomain !== undefined && {
      authorizationUrl: `https://${userPoolDomain}/oauth2/authorize`,
      tokenUrl: `https://${userPoolDomain}/oauth2/token`,
    }),
  }),
  scope: 'openid profile email',
  claims: { roles: ['custom:roles', 'cognito:roles'], groups: ['cognito:groups'], tenant: ['custom:tenant'] },
  allow: ['tenants', 'emailDomains'],
}
