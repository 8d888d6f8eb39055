import Foundations
import Machine

/// Swift objects that a program makes the kernel create.
enum KernelObjects {
  /// More bytes than any object of this module takes.
  private static let byteCount = 1024

  /// Checks that there is memory for one more object.
  ///
  /// Swift cannot say that there was none: it ends the kernel. An allocation of a program's, which may not touch the memory that
  /// is kept for the kernel, fails long before that.
  ///
  /// - Throws: `ENOMEM`.
  static func checkMemory() throws(Errno) {
    var memory = GrowableArray<UInt8>()
    try memory.reserveCapacity(byteCount)
  }
}
