import Foundations
import LinuxABI
import Machine
import Processes

extension SystemCallContext {
  /// rseq(2)
  func rseq(_ area: UserPointer<Rseq>, _ byteCount: UInt32, _ flags: RseqFlags, _ signature: UInt32) throws(Errno) {
    if flags.contains(.RSEQ_FLAG_UNREGISTER) {
      try task.unregisterSequence(at: area.address, byteCount: byteCount, signature: signature)
    } else {
      try task.registerSequence(at: area.address, byteCount: byteCount, signature: signature)
    }
  }
}

/// `struct rseq`, which Processes reads and writes. Source: linux/rseq.h.
enum Rseq {}
