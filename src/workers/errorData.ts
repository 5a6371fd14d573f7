// Errors leave a worker as data, because a class does not survive the port. For workers that run no engine; the trainer's
// own failures are told apart in train/errors.ts.

import { FinetaleError } from '../recipe/error'
import type { FinetaleErrorData } from './protocol'

/** Any thrown value as error data. */
export function errorData(error: unknown): FinetaleErrorData {
  if (error instanceof FinetaleError) {
    const { name, message, action, details } = error
    return { name, message, action, ...details }
  }
  const isError = error instanceof Error
  return { name: isError ? error.name : 'Error', message: isError ? error.message : String(error), action: '' }
}

/** The same call, throwing error data. */
export function throwingData<Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) {
  return async (...args: Args): Promise<Result> => {
    try {
      return await call(...args)
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw errorData(error)
    }
  }
}
