// Every table of the page: sorted by a click on a head, in pages, with rows that can be chosen, and a total.

import type { ReactNode } from 'react'

import { formatCount } from '../lib/format.ts'
import { sortRows } from '../lib/sort.ts'
import { nextSort, parsePage, parseSort, sortText, type Sort } from '../lib/table-state.ts'
import { useParams } from '../state/location.ts'
import styles from './table.module.css'
import { Button, VisuallyHidden, classes, type Tone } from './ui.tsx'

export interface Column<Row> {
  readonly id: string
  readonly label: string
  /** In place of the label, where it is not plain text. */
  readonly head?: ReactNode
  readonly cell: (row: Row) => ReactNode
  /** What the column is sorted by; without it, it is not. */
  readonly sortBy?: (row: Row) => number | string
  readonly isNumber?: boolean
  /** Long text that may run over several lines. */
  readonly isWide?: boolean
  /** The cell in the row of totals. */
  readonly total?: ReactNode
  /** Neighbouring columns with the same band stand under one head. */
  readonly band?: string | undefined
  readonly title?: string
}

export interface Selection {
  readonly chosen: ReadonlySet<string>
  readonly onChange: (chosen: ReadonlySet<string>) => void
}

interface TableProps<Row> {
  /** Says what the table holds, to those who can't see where it stands. */
  readonly label: string
  /** The first names the row. */
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly toneOf?: (row: Row) => Tone
  readonly selection?: Selection | undefined
  readonly defaultSort?: Sort
  /** Set before the names of the address's parameters, where a page has several tables. */
  readonly prefix?: string
  readonly hasTotal?: boolean
}

const PAGE_ROWS = 100

export function Table<Row>(props: TableProps<Row>) {
  const { columns, rows, keyOf, prefix = '', defaultSort, selection } = props
  const [params, change] = useParams()
  const asked = parseSort(params.get(`${prefix}sort`)) ?? defaultSort
  const sorter = columns.find(({ id, sortBy }) => id === asked?.column && sortBy !== undefined)
  const sort = sorter === undefined ? undefined : asked
  const sorted =
    sorter?.sortBy === undefined ? rows : sortRows(rows, sorter.sortBy, asked?.descending === true)

  const pages = Math.max(1, Math.ceil(rows.length / PAGE_ROWS))
  const page = parsePage(params.get(`${prefix}page`), pages)
  const shown = sorted.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS)
  const sortBy = (column: Column<Row>): void => {
    const next = nextSort(sort, column.id, column.isNumber === true)
    change({ [`${prefix}sort`]: sortText(next), [`${prefix}page`]: undefined })
  }

  return (
    <div>
      {/* Scrolled by keyboard as well, hence the tab stop. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles['wrap']} tabIndex={0} role="region" aria-label={props.label}>
        <table className={styles['table']}>
          <caption>
            <VisuallyHidden>{props.label}</VisuallyHidden>
          </caption>
          <thead>
            <Bands columns={columns} hasCheck={selection !== undefined} />
            <tr>
              {selection === undefined ? undefined : (
                <CheckAll selection={selection} keys={sorted.map(keyOf)} />
              )}
              {columns.map((column, i) => (
                <Head
                  key={column.id}
                  column={column}
                  isFirst={i === 0}
                  sort={sort}
                  onSort={sortBy}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => {
              const key = keyOf(row)
              const tone = props.toneOf?.(row) ?? 'plain'
              return (
                <tr key={key} className={tone === 'plain' ? undefined : styles[tone]}>
                  {selection === undefined ? undefined : <Check selection={selection} name={key} />}
                  {columns.map((column, i) => (
                    <Cell key={column.id} column={column} isFirst={i === 0}>
                      {column.cell(row)}
                    </Cell>
                  ))}
                </tr>
              )
            })}
          </tbody>
          {props.hasTotal === true ? (
            <tfoot>
              <tr>
                {selection === undefined ? undefined : <td />}
                {columns.map((column, i) => (
                  <Cell key={column.id} column={column} isFirst={i === 0}>
                    {column.total}
                  </Cell>
                ))}
              </tr>
            </tfoot>
          ) : undefined}
        </table>
      </div>
      {pages > 1 ? (
        <Pages
          page={page}
          pages={pages}
          rows={rows.length}
          onPage={(next) => change({ [`${prefix}page`]: next === 1 ? undefined : String(next) })}
        />
      ) : undefined}
    </div>
  )
}

function Bands<Row>({
  columns,
  hasCheck,
}: {
  readonly columns: readonly Column<Row>[]
  readonly hasCheck: boolean
}) {
  if (columns.every(({ band }) => band === undefined)) return undefined
  const bands: { readonly key: string; readonly label: string | undefined; span: number }[] = []
  for (const { id, band } of columns) {
    const last = bands.at(-1)
    if (last !== undefined && last.label === band) last.span++
    else bands.push({ key: id, label: band, span: 1 })
  }
  return (
    <tr>
      {hasCheck ? <td /> : undefined}
      {bands.map(({ key, label, span }) =>
        label === undefined ? (
          <td key={key} colSpan={span} />
        ) : (
          <th key={key} colSpan={span} scope="colgroup" className={styles['band']}>
            {label}
          </th>
        ),
      )}
    </tr>
  )
}

interface HeadProps<Row> {
  readonly column: Column<Row>
  readonly isFirst: boolean
  readonly sort: Sort | undefined
  readonly onSort: (column: Column<Row>) => void
}

function Head<Row>({ column, isFirst, sort, onSort }: HeadProps<Row>) {
  const isSorted = sort?.column === column.id
  const direction = sort?.descending === true ? 'descending' : 'ascending'
  const text = column.head ?? column.label
  return (
    <th
      scope="col"
      title={column.title}
      aria-sort={isSorted ? direction : undefined}
      className={classes(column.isNumber && styles['number'], isFirst && styles['sticky'])}
    >
      {column.sortBy === undefined ? (
        text
      ) : (
        <button
          type="button"
          className={styles['sort']}
          data-sorted={isSorted || undefined}
          onClick={() => onSort(column)}
        >
          <span>{text}</span>
          <span className={styles['arrow']} aria-hidden="true">
            {isSorted ? (direction === 'descending' ? '▼' : '▲') : ''}
          </span>
        </button>
      )}
    </th>
  )
}

interface CellProps<Row> {
  readonly column: Column<Row>
  readonly isFirst: boolean
  readonly children: ReactNode
}

function Cell<Row>({ column, isFirst, children }: CellProps<Row>) {
  const look = classes(column.isNumber && styles['number'], column.isWide && styles['wide'])
  return isFirst ? (
    <th scope="row" className={classes(look, styles['sticky'])}>
      {children}
    </th>
  ) : (
    <td className={look}>{children}</td>
  )
}

function Check({ selection, name }: { readonly selection: Selection; readonly name: string }) {
  const { chosen, onChange } = selection
  const toggle = (): void => {
    const next = new Set(chosen)
    if (!next.delete(name)) next.add(name)
    onChange(next)
  }
  return (
    <td className={styles['check']}>
      <input
        type="checkbox"
        aria-label={`Choose ${name}`}
        checked={chosen.has(name)}
        onChange={toggle}
      />
    </td>
  )
}

function CheckAll({
  selection,
  keys,
}: {
  readonly selection: Selection
  readonly keys: readonly string[]
}) {
  const isAll = keys.length > 0 && keys.every((key) => selection.chosen.has(key))
  return (
    <td className={styles['check']}>
      <input
        type="checkbox"
        aria-label={`Choose all ${keys.length}`}
        checked={isAll}
        onChange={() => selection.onChange(new Set(isAll ? [] : keys))}
      />
    </td>
  )
}

interface PagesProps {
  readonly page: number
  readonly pages: number
  readonly rows: number
  readonly onPage: (page: number) => void
}

function Pages({ page, pages, rows, onPage }: PagesProps) {
  const first = (page - 1) * PAGE_ROWS + 1
  const last = Math.min(rows, page * PAGE_ROWS)
  return (
    <div className={styles['bar']}>
      <span>
        {formatCount(first)}–{formatCount(last)} of {formatCount(rows)}
      </span>
      <span className={styles['pages']}>
        <Button disabled={page === 1} onClick={() => onPage(page - 1)}>
          Previous
        </Button>
        <span>
          Page {page} of {pages}
        </span>
        <Button disabled={page === pages} onClick={() => onPage(page + 1)}>
          Next
        </Button>
      </span>
    </div>
  )
}
