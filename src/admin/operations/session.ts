import { z } from 'zod'
import { adminRoles, type OperationDeclaration } from '../operation.ts'
import { time } from './paging.ts'

const session = z.object({
  subject: z.string().describe('As events and the audit trail name the administrator.'),
  name: z.string().describe('For display.'),
  role: z.enum(adminRoles),
  signedInBy: z.enum(['identity-provider', 'local-link']),
  signedInAt: time,
  expiresAt: time.describe('When the session ends whatever happens.'),
  idleSeconds: z.int().describe('How long it lasts without a request.'),
  gateway: z.object({
    version: z.string(),
    mode: z.enum(['dev', 'start']),
    publicUrl: z.url(),
    readOnly: z.boolean().describe('The files of the project are not written by the console.'),
  }),
})

export const getSession = {
  id: 'getSession',
  method: 'GET',
  path: '/session',
  tag: 'Session',
  role: 'viewer',
  summary: 'Who is signed in, and to which gateway.',
  answer: session,
} as const satisfies OperationDeclaration

export const endSession = {
  id: 'endSession',
  method: 'DELETE',
  path: '/session',
  tag: 'Session',
  role: 'viewer',
  summary: 'Signs out.',
} as const satisfies OperationDeclaration
