import { sparkPoints } from '../lib/chart-data.ts'

const WIDTH = 90
const HEIGHT = 20

/** The course of a number beside the number itself; says nothing that the number does not, so it is hidden from readers. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <polyline
        points={sparkPoints(values, WIDTH, HEIGHT)}
        fill="none"
        stroke="var(--chart-depth)"
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
    </svg>
  )
}
