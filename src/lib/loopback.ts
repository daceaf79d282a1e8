/**
 * True for a host that only this machine reaches: `localhost`, 127.0.0.0/8 and ::1, with or without the brackets of a URL.
 * Names below `.localhost` are not: only browsers promise to keep them here.
 */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}
