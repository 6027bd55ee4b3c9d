/** The URL an `--auth-http-address` stands for: `host:port` means `http://host:port/auth`. Undefined where it is neither. */
export function authUrl(address: string): URL | undefined {
  const isUrl = address.includes('://')
  try {
    const url = new URL(isUrl ? address : `http://${address}/auth`)
    const isHttp = url.protocol === 'http:' || url.protocol === 'https:'
    return isHttp && (isUrl || /:\d+$/.test(address)) ? url : undefined
  } catch {
    return undefined
  }
}
