// Regular expressions in which no expression and no name can make a match slow: all ways through the expression are
// followed at the same time, one character of the name after the other. JavaScript's own tries them one by one, of which
// there may be more than anyone can wait for.

import { type CharSet, WORD } from './char-set.ts'
import { type Assertion, parsePattern, PatternError, type PatternNode } from './pattern-syntax.ts'

type Step =
  | { readonly kind: 'char'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly what: Assertion }
  /** Goes on at the next step and at `also`. */
  | { readonly kind: 'fork'; also: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'match' }

/** How many steps expressions may come to together. */
export class PatternBudget {
  left = 100_000
}

/** An expression compiled once. It matches a name as a whole, never a part of it. */
export class Pattern {
  readonly #steps: Step[] = []
  readonly #budget: PatternBudget
  readonly #expression: string

  /** @throws {PatternError} */
  constructor(expression: string, budget: PatternBudget = new PatternBudget()) {
    this.#expression = expression
    this.#budget = budget
    this.#emit(parsePattern(expression))
    this.#push({ kind: 'match' })
  }

  /** @param name ASCII. */
  matches(name: string): boolean {
    const steps = this.#steps
    const seen = new Int32Array(steps.length).fill(-1)
    const pending: number[] = []
    let current: number[] = [0]
    for (let at = 0; at <= name.length; at++) {
      const code = at < name.length ? name.charCodeAt(at) : -1
      const next: number[] = []
      pending.push(...current)
      while (pending.length > 0) {
        const index = pending.pop()!
        if (seen[index] === at) continue
        seen[index] = at
        const step = steps[index]!
        switch (step.kind) {
          case 'char':
            if (code !== -1 && step.set[code] === 1) next.push(index + 1)
            break
          case 'assert':
            if (holds(step.what, name, at)) pending.push(index + 1)
            break
          case 'fork':
            pending.push(step.also, index + 1)
            break
          case 'jump':
            pending.push(step.to)
            break
          case 'match':
            if (code === -1) return true
        }
      }
      if (next.length === 0) return false
      current = next
    }
    return false
  }

  #emit(node: PatternNode): void {
    switch (node.kind) {
      case 'char':
      case 'assert':
        this.#push(node)
        break
      case 'sequence':
        for (const part of node.parts) this.#emit(part)
        break
      case 'either':
        this.#emitEither(node.options)
        break
      case 'repeat':
        this.#emitRepeat(node.node, node.min, node.max)
    }
  }

  #emitEither(options: readonly PatternNode[]): void {
    const jumps: { to: number }[] = []
    for (const [i, option] of options.entries()) {
      const isLast = i === options.length - 1
      const fork = isLast ? undefined : this.#push({ kind: 'fork', also: 0 })
      this.#emit(option)
      if (fork === undefined) break
      jumps.push(this.#push({ kind: 'jump', to: 0 }))
      fork.also = this.#steps.length
    }
    for (const jump of jumps) jump.to = this.#steps.length
  }

  #emitRepeat(node: PatternNode, min: number, max: number): void {
    for (let i = 0; i < min; i++) this.#emit(node)
    if (max === Infinity) {
      const start = this.#steps.length
      const fork = this.#push({ kind: 'fork', also: 0 })
      this.#emit(node)
      this.#push({ kind: 'jump', to: start })
      fork.also = this.#steps.length
      return
    }
    const forks: { also: number }[] = []
    for (let i = min; i < max; i++) {
      forks.push(this.#push({ kind: 'fork', also: 0 }))
      this.#emit(node)
    }
    for (const fork of forks) fork.also = this.#steps.length
  }

  #push<S extends Step>(step: S): S {
    this.#budget.left -= 1
    if (this.#budget.left < 0) throw new PatternError(this.#expression, 'it is too large')
    this.#steps.push(step)
    return step
  }
}

function holds(what: Assertion, name: string, at: number): boolean {
  if (what === 'start') return at === 0
  if (what === 'end') return at === name.length
  const isBoundary = isWordAt(name, at - 1) !== isWordAt(name, at)
  return isBoundary === (what === 'wordBoundary')
}

function isWordAt(name: string, at: number): boolean {
  return WORD[name.charCodeAt(at)] === 1
}
