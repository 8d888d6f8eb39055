public import Foundations
import Machine

/// Memory for Swift objects that programs make the kernel create.
public enum ObjectMemory {
  /// More bytes than the objects of one call take.
  private static let byteCount = 2048

  /// Checks that there is memory for the objects of one more call.
  ///
  /// Swift cannot say that there was none: it ends the kernel. An allocation of a program's, which may not touch the
  /// memory that is kept for the kernel, fails long before that.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: no lock is held.
  public static func check() throws(Errno) {
    try FrameAllocator.retrying { () throws(Errno) in
      var memory = GrowableArray<UInt8>()
      try memory.reserveCapacity(byteCount)
    }
  }
}
