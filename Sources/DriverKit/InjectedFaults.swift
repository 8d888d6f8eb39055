import Foundations
import Machine

/// Faults that any driver can have.
enum InjectedFaults {
  /// Has `fault`.
  ///
  /// - Throws: `EOPNOTSUPP` for what only the driver itself could do.
  @inline(never)
  static func have(_ fault: DriverFault) throws(Errno) {
    switch fault {
    case .trap: trap(Spoiled())
    case .hang: hang()
    case .leak: leak()
    case .wildPointer: FaultProvocation.readNearNull()
    case .corruption, .strayAccess: throw .EOPNOTSUPP
    }
  }

  private final class Spoiled {
    var index = 7
    var values: [4 of Int] = [1, 2, 3, 4]
  }

  private static func trap(_ spoiled: Spoiled) { spoiled.values[spoiled.index] = 1 }

  private static func hang() { while true { Machine.pause() } }

  private final class Forgotten {
    var other: Forgotten?
    var bytes = InlineArray<256, UInt8>(repeating: 0xaa)
  }

  private static func leak() {
    for _ in 0..<16 {
      let (first, second) = (Forgotten(), Forgotten())
      // Each keeps the other.
      first.other = second
      second.other = first
    }
  }
}
