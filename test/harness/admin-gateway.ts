import { startTestGateway, type TestGateway } from './start-gateway.ts'
import { signIn, type TestProject } from './write-project.ts'

/** People of the tests and the roles they have: vera sees, edda edits, olga owns; mallory has none. */
export const adminRoles = {
  viewer: { subjects: ['vera'] },
  editor: { subjects: ['edda'] },
  owner: { subjects: ['olga'] },
}

/** A gateway with an admin listener on a free port, and one virtual server that nobody calls. */
export function startAdminGateway(changes: Partial<TestProject> = {}, admin: object = {}): Promise<TestGateway> {
  return startTestGateway(describeAdminProject(changes, admin))
}

/** The project of `startAdminGateway`. `admin` is merged into the setting of that name. */
export function describeAdminProject(changes: Partial<TestProject> = {}, admin: object = {}): TestProject {
  return {
    servers: { tracker: { upstream: 'http://127.0.0.1:9/mcp', inbound: ['sign-in'] } },
    policies: signIn(),
    ...changes,
    settings: { ...changes.settings, admin: { listen: { port: 0 }, roles: adminRoles, ...admin } },
  }
}
