import { Button } from '@mantine/core'
import { CodeBlock } from '../parts/code-block.tsx'
import styles from './sign-in-screen.module.css'

/** What whoever is not signed in sees: the two ways in. */
export function SignInScreen() {
  const next = `${location.pathname}${location.search}`
  return (
    <main className={styles['screen']}>
      <section className={styles['card']} aria-labelledby="sign-in">
        <h1 id="sign-in">Sign in to the console</h1>
        <p className="soft">
          With the identity provider that people of this gateway use. You need a role in its settings.
        </p>
        <Button component="a" size="md" href={`/api/admin/session/sign-in?next=${encodeURIComponent(next)}`}>
          Sign in
        </Button>
        <hr />
        <p className="soft">Whoever holds the data directory gets a link that works once:</p>
        <CodeBlock text="sallyport console" />
      </section>
    </main>
  )
}
