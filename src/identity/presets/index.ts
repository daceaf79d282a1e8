import { auth0 } from './auth0.ts'
import { clerk } from './clerk.ts'
import { cognito } from './cognito.ts'
import { entra } from './entra.ts'
import { google } from './google.ts'
import { keycloak } from './keycloak.ts'
import { logto } from './logto.ts'
import { okta } from './okta.ts'
import { onelogin } from './onelogin.ts'
import { ping } from './ping.ts'
import type { IdentityPreset } from './preset.ts'
import { workos } from './workos.ts'

/** The identity providers that have a sign-in policy of their own. */
export const identityPresets: readonly IdentityPreset[] = [
  auth0,
  okta,
  entra,
  clerk,
  cognito,
  workos,
  google,
  keycloak,
  logto,
  onelogin,
  ping,
]
