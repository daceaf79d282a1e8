import { crc32 } from 'node:zlib'
import { randomToken } from '../lib/random-id.ts'

/** What every API key begins with, so that people and secret scanners recognise one. */
const apiKeyPrefix = 'sp_key_'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const secretLength = 43
const checksumLength = 6

/** A new API key: prefix, 256 random bits as 43 letters and digits, and a checksum that shows typing mistakes (no secret). */
export function newApiKey(): string {
  const secret = toDigits(BigInt(`0x${Buffer.from(randomToken(32), 'base64url').toString('hex')}`), secretLength)
  return apiKeyPrefix + secret + checksumOf(secret)
}

/** True for what looks like an API key, valid or not. */
export function isApiKey(text: string): boolean {
  return text.startsWith(apiKeyPrefix)
}

/** True when the key is whole and its checksum fits. Says nothing about whether it was ever issued. */
export function isIntactApiKey(key: string): boolean {
  const body = key.slice(apiKeyPrefix.length)
  if (!isApiKey(key) || body.length !== secretLength + checksumLength) return false
  return checksumOf(body.slice(0, secretLength)) === body.slice(secretLength)
}

function checksumOf(secret: string): string {
  return toDigits(BigInt(crc32(secret)), checksumLength)
}

function toDigits(value: bigint, length: number): string {
  const base = BigInt(digits.length)
  let text = ''
  for (let rest = value; text.length < length; rest /= base) text = digits.charAt(Number(rest % base)) + text
  return text
}
