/** The scope that every access token carries unless the project names scopes of its own for a virtual server. */
export const defaultScope = 'mcp:tools'
