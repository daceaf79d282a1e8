/** Where a sign-in to the console begins, at the data plane, whose identity provider it uses. */
export function signInPath(basePath: string): string {
  return `${basePath}/auth/admin`
}
