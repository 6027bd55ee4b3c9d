import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'

import { bashScript } from '../src/manual/bash.ts'
import { fishScript } from '../src/manual/fish.ts'
import { commandWords } from '../src/manual/words.ts'
import { zshScript } from '../src/manual/zsh.ts'

/** What bash offers for the last of some words. */
function offered(...words: readonly string[]): string[] {
  const script = `${bashScript()}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_tsq
printf '%s\\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
  return output.split('\n').filter((line) => line !== '')
}

const shells: readonly (readonly [string, () => string])[] = [
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]

void suite('tsq completion', () => {
  void test('bash completes subcommands, flags and values', () => {
    assert.deepEqual(offered('tsq', 'to-'), ['to-file', 'to-http', 'to-nsq'])
    assert.deepEqual(offered('tsq', 'to-file', '--rotate-'), [
      '--rotate-size=',
      '--rotate-interval=',
    ])
    assert.deepEqual(offered('/usr/bin/nsq_to_file', '--gzip-'), ['--gzip-level='])
    assert.deepEqual(offered('nsqd', '--log-format', '='), ['text', 'json'])
    assert.deepEqual(offered('nsqd', '--log-format', '=', 'j'), ['json'])
    assert.deepEqual(offered('nsqd', '-log-format', 'j'), ['json'])
    assert.deepEqual(offered('nsq_tail', '--consumer-opt', '=', 'max_a'), ['max_attempts,'])
    assert.deepEqual(offered('tsq', 'completion', 'z'), ['zsh'])
    assert.deepEqual(offered('tsq', 'nothing', '--'), [])
  })

  for (const [shell, script] of shells) {
    void test(`${shell} is told of every command and every flag`, () => {
      const text = script()
      for (const { typed, flags } of commandWords()) {
        assert.ok(text.includes(typed.replace(/^tsq /, '')), typed)
        for (const { name } of flags) assert.ok(text.includes(name), `${typed} --${name}`)
      }
      assert.doesNotMatch(text, /undefined|\[object/)
    })
  }

  void test('a description cannot end the words it stands in', () => {
    // Outside of quotes there is nothing but what the script itself says.
    const unquoted = zshScript()
      .replaceAll(String.raw`'\''`, '')
      .replace(/'(?:[^'])*'/g, '')
    assert.doesNotMatch(unquoted, /\[[a-z]|\]--|<TOPIC>/)
    execFileSync('bash', ['-n', '-c', bashScript()])
  })
})
