import type { CompileResult } from '../config/compile-project.ts'

/** Loads and compiles the project in a directory with everything built in. For commands that do not run it. */
export async function compileDirectory(directory: string, mode: 'dev' | 'start'): Promise<CompileResult> {
  // Imported here, so that help and mistakes in the command line answer at once.
  const [{ loadProject }, { compileProject }, { policyTypes }, { handlerTypes }] = await Promise.all([
    import('../config/load-project.ts'),
    import('../config/compile-project.ts'),
    import('../policies/index.ts'),
    import('../handlers/index.ts'),
  ])
  return compileProject(await loadProject(directory), { policyTypes, handlerTypes, mode })
}
