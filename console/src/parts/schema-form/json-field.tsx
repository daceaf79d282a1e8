import { Textarea } from '@mantine/core'
import { useState } from 'react'

interface JsonFieldProps {
  readonly label: string
  readonly description?: string | undefined
  readonly required?: boolean
  readonly value: unknown
  readonly onChange: (value: unknown) => void
}

/** A value written as JSON. What is not JSON yet stays in the field and is not taken over. */
export function JsonField({ label, description, required = false, value, onChange }: JsonFieldProps) {
  const [text, setText] = useState(() => (value === undefined ? '' : JSON.stringify(value, null, 2)))
  const [error, setError] = useState<string>()
  const change = (next: string) => {
    setText(next)
    try {
      onChange(next.trim() === '' ? undefined : JSON.parse(next))
      setError(undefined)
    } catch {
      setError('This is not JSON yet.')
    }
  }
  return (
    <Textarea
      label={label}
      description={description ?? 'As JSON.'}
      required={required}
      autosize
      minRows={3}
      maxRows={16}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      error={error}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
    />
  )
}
