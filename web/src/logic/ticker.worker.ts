// A hidden window's own timers may sleep for a minute; a worker's do not. It only says that a second has passed.
setInterval(() => postMessage(null), 1_000)
