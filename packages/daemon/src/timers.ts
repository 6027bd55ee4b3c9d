/** The longest a timer can wait; Node takes anything longer for no time at all. */
export const MAX_TIMER_MS = 2_147_483_647
