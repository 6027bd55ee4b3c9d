import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, type FormEvent } from 'react'

import { logIn } from '../api/actions.ts'
import { sessionQuery } from '../api/queries.ts'
import { Button, Field, Notice, Panel, errorText, inputClass } from '../components/ui.tsx'
import { formText } from '../lib/form-text.ts'
import styles from './login.module.css'

export function LoginPage() {
  const queries = useQueryClient()
  const [error, setError] = useState<string>()
  const [isRunning, setIsRunning] = useState(false)
  useEffect(() => {
    document.title = 'Log in · nsqadmin'
  }, [])
  const enter = async (form: FormData): Promise<void> => {
    setIsRunning(true)
    setError(undefined)
    try {
      await logIn(formText(form, 'user'), formText(form, 'password'))
      await queries.invalidateQueries(sessionQuery)
    } catch (failure) {
      setError(errorText(failure))
    }
    setIsRunning(false)
  }
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    void enter(new FormData(event.currentTarget))
  }
  return (
    <main className={styles['main']}>
      <h1>nsqadmin</h1>
      <Panel>
        <form onSubmit={submit} className={styles['form']}>
          <Field label="User">
            <input className={inputClass} name="user" autoComplete="username" required />
          </Field>
          <Field label="Password">
            <input
              className={inputClass}
              name="password"
              type="password"
              autoComplete="current-password"
              required
            />
          </Field>
          {error === undefined ? undefined : <Notice tone="bad">{error}</Notice>}
          <Button type="submit" kind="primary" disabled={isRunning}>
            Log in
          </Button>
        </form>
      </Panel>
    </main>
  )
}
