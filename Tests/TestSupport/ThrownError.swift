public import Foundations

/// The error that `body` throws, or nil.
public func error(_ body: () throws(Errno) -> Void) -> Errno? {
  do throws(Errno) {
    try body()
    return nil
  } catch {
    return error
  }
}
