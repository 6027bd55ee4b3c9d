// Hooks for tracing, on node:diagnostics_channel. Nothing is built for a channel nobody subscribes to.

import { channel } from 'node:diagnostics_channel'

/** `{ address, server }`: a handshake is done. */
export const connectChannel = channel('tsq:client:connect')
/** `{ address, error }`: a connection is gone; no error where this side closed it. */
export const disconnectChannel = channel('tsq:client:disconnect')
/** `{ address, topic, bodies, promise }`: a publish was taken; the promise settles with its answer. */
export const publishChannel = channel('tsq:client:publish')
/** `{ message }`: a message is given to a handler. */
export const messageStartChannel = channel('tsq:client:message:start')
/** `{ message, error }`: the handler is done with it. */
export const messageEndChannel = channel('tsq:client:message:end')
