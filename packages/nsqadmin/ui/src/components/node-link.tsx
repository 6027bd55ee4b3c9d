import { nodePath } from '../lib/routes.ts'
import styles from './columns.module.css'
import { Link } from './ui.tsx'

interface NodeLinkProps {
  readonly hostname: string
  /** `broadcast_address:http_port` */
  readonly node: string
}

/** `hostname:port` leading to the node; where the hostname is not the address, both are said. */
export function NodeLink({ hostname, node }: NodeLinkProps) {
  const colon = node.lastIndexOf(':')
  const address = node.slice(0, colon)
  if (hostname === '' || hostname === address) return <Link to={nodePath(node)}>{node}</Link>
  return (
    <>
      {hostname}
      {node.slice(colon)} (
      <Link to={nodePath(node)} className={styles['inText']}>
        {node}
      </Link>
      )
    </>
  )
}
