import { Button, Group, PasswordInput, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'

/** A credential for one test. */
export interface TestedCredential {
  readonly header: string
  readonly scheme: string
  readonly value: string
}

/** Tests again with a credential, to see what is offered. It is used once and kept nowhere. */
export function TestCredential({ onTest }: { readonly onTest: (credential: TestedCredential) => void }) {
  const [header, setHeader] = useState('authorization')
  const [scheme, setScheme] = useState('Bearer')
  const [value, setValue] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onTest({ header, scheme, value })
    setValue('')
  }
  return (
    <form onSubmit={submit}>
      <p className="soft" style={{ marginBlock: '14px 8px' }}>
        To choose among its tools now, test with a key or token. It is used for this test only, neither stored nor
        logged.
      </p>
      <Group align="flex-end">
        <TextInput label="Header" value={header} onChange={(event) => setHeader(event.currentTarget.value)} required />
        <TextInput label="Scheme" value={scheme} onChange={(event) => setScheme(event.currentTarget.value)} w={100} />
        <PasswordInput
          label="Key or token"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          required
          autoComplete="off"
          style={{ flex: '1 1 220px' }}
        />
        <Button type="submit" variant="default" size="sm">
          Test with it
        </Button>
      </Group>
    </form>
  )
}
