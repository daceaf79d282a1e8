// Subjects that are not people. Those of people hold a bar (`<issuer>|<sub>`), or neither bar nor colon (dev login).

/** Subject id of the consumer of an API key. */
export function consumerSubject(name: string): string {
  return `consumer:${name}`
}

/** Subject id of an OAuth client that calls on its own behalf (client_credentials). */
export function clientSubject(clientId: string): string {
  return `client:${clientId}`
}
