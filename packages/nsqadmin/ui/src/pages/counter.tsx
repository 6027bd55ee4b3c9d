import { useEffect, useState } from 'react'

import { get } from '../api/client.ts'
import type { CounterAnswer } from '../api/answers.ts'
import { Page } from '../components/page.tsx'
import { Notice, Warnings, errorText } from '../components/ui.tsx'
import { formatCount, formatRate } from '../lib/format.ts'
import { animatedCount, counterDelayMs, rateBetween } from '../lib/rates.ts'
import styles from './counter.module.css'

/** How long after an error it asks again. */
const RETRY_MS = 10_000
/** How often the number moves between two answers. */
const STEP_MS = 100

interface Count {
  readonly value: number
  readonly at: number
  /** What was shown when the answer came. */
  readonly from: number
  readonly perSecond: number
  readonly message: string
}

function totalOf({ stats }: CounterAnswer): number {
  return Object.values(stats).reduce((sum, { message_count }) => sum + message_count, 0)
}

/** The count as it was last answered, asked ever less often: after 1.1 s, 2.1 s … and from then every 10.1 s. */
function useCount(): { readonly count: Count | undefined; readonly error: string | undefined } {
  const [count, setCount] = useState<Count>()
  const [error, setError] = useState<string>()
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let polls = 0
    let isOver = false
    const again = (delayMs: number): void => {
      if (!isOver) timer = setTimeout(() => void poll(), delayMs)
    }
    const poll = async (): Promise<void> => {
      // Nobody looks: ask again when somebody does.
      if (document.hidden) return again(counterDelayMs(polls))
      try {
        const answer = await get<CounterAnswer>('/counter')
        const after = { value: totalOf(answer), at: Date.now() }
        setError(undefined)
        setCount((before) => nextCount(before, after, answer.message))
        polls++
        again(counterDelayMs(polls))
      } catch (failure) {
        setError(errorText(failure))
        again(RETRY_MS)
      }
    }
    void poll()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [])
  return { count, error }
}

function nextCount(
  before: Count | undefined,
  after: { readonly value: number; readonly at: number },
  message: string,
): Count {
  if (before === undefined) return { ...after, from: after.value, perSecond: 0, message }
  return { ...after, from: before.value, perSecond: rateBetween(before, after) ?? 0, message }
}

export function CounterPage() {
  const { count, error } = useCount()
  const shown = useMovingNumber(count)
  return (
    <Page title="Counter">
      {error === undefined ? undefined : <Notice tone="bad">{error}</Notice>}
      <Warnings message={count?.message} />
      <div className={styles['board']}>
        <p className={styles['number']}>
          {count === undefined
            ? '…'
            : formatCount(shown)
                .split('')
                .map((digit, i) => (
                  // oxlint-disable-next-line react/no-array-index-key -- a digit is its place
                  <span key={i} className={digit === ',' ? styles['comma'] : styles['digit']}>
                    {digit}
                  </span>
                ))}
        </p>
        <p className={styles['caption']}>Messages Processed</p>
        <p className={styles['caption']}>{formatRate(count?.perSecond ?? 0)} per second</p>
      </div>
    </Page>
  )
}

function useMovingNumber(count: Count | undefined): number {
  const [now, setNow] = useState(() => Date.now())
  const [isMoving] = useState(() => !matchMedia('(prefers-reduced-motion: reduce)').matches)
  useEffect(() => {
    if (!isMoving) return
    const timer = setInterval(() => setNow(Date.now()), STEP_MS)
    return () => clearInterval(timer)
  }, [isMoving])
  if (count === undefined) return 0
  if (!isMoving) return count.value
  return animatedCount(count.from, count.value, count.perSecond, now - count.at)
}
