import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** Self-signed for `client.example`, `rebound.example` and 127.0.0.1. Worth nothing outside these tests. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBvTCCAWOgAwIBAgIUHDfJ8qu8oSTMMp9svY96DhO7Su0wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY2xpZW50LmV4YW1wbGUwIBcNMjYxMTIwMjMxNDEzWhgPMjEy
NjEwMjcyMzE0MTNaMBkxFzAVBgNVBAMMDmNsaWVudC5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE3OFgcqwZzetrafHauBzyFXkFa3RG6mGeku0V1mL4
9pJ2leG9Jh27TZ8PTJ/CUa1bzVOJtFl7/uuBSvbapXayV6OBhjCBgzAdBgNVHQ4E
FgQU6wuXD9cf+r17tK8biMTErpwmjEYwHwYDVR0jBBgwFoAU6wuXD9cf+r17tK8b
iMTErpwmjEYwDwYDVR0TAQH/BAUwAwEB/zAwBgNVHREEKTAngg5jbGllbnQuZXhh
bXBsZYIPcmVib3VuZC5leGFtcGxlhwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIQD4
j/4cPmnX//6XEKlvXRdINzcAUoacYJ1Q4SWeRz2QHQIgByEEiJxsNMJbiy339rqY
OBzIfACDemz3zVnEtIXHC9o=
-----END CERTIFICATE-----`

/** Key of that certificate. */
export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgc7cQyHzaz/8hafgh
Kd/+GXYK/Wb72gXDyKKmEHS5ZxChRANCAATc4WByrBnN62tp8dq4HPIVeQVrdEbq
YZ6S7RXWYvj2knaV4b0mHbtNnw9Mn8JRrVvNU4m0WXv+64FK9tqldrJX
-----END PRIVATE KEY-----`

/** An https server on loopback, as a client's web site would be. */
export interface DocumentServer {
  readonly port: number
  /** Paths in the order they were asked for. */
  readonly requests: string[]
  close(): Promise<void>
}

/** Serves documents over https. */
export async function serveDocuments(listener: RequestListener): Promise<DocumentServer> {
  const requests: string[] = []
  const server = createServer({ key: testKey, cert: testCertificate }, (request, response) => {
    requests.push(request.url ?? '')
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
