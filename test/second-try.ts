/**
 * A test that fails is tried once more, at once, and `test/run.ts` names what passed only then: these tests run real servers
 * side by side, on machines that may stall. Such a test is at fault all the same: it must wait for what it needs.
 */
jest.retryTimes(1, { logErrorsBeforeRetry: true, retryImmediately: true, waitBeforeRetry: 2000 });
