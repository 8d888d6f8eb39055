import Foundations
import Machine
import Synchronization

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
    case .recursion:
      let kind = recursionCount.wrappingAdd(1, ordering: .relaxed).oldValue
      _ = recur(1, kind)
    case .corruption, .removal, .strayAccess, .storm: throw .EOPNOTSUPP
    }
  }

  private final class Spoiled {
    var index = 7
    var values: [4 of Int] = [1, 2, 3, 4]
  }

  private static func trap(_ spoiled: Spoiled) { spoiled.values[spoiled.index] = 1 }

  private static let hangCount = Atomic<UInt>(0)

  /// Does nothing for ever, or asks the kernel for something, in turn.
  private static func hang() {
    let asks = hangCount.wrappingAdd(1, ordering: .relaxed).oldValue & 1 != 0
    while true { if asks { Containment.outside { Machine.pause() } } else { Machine.pause() } }
  }

  private static let recursionCount = Atomic<UInt>(0)

  /// With less than this left of the stack no handler of an interrupt would have room there.
  private static var crowdedByteCount: UInt64 { 1_024 }

  /// Comes to the end of the stack in its own code, while it allocates, or while it asks something of the kernel; or to nearly the end,
  /// where it waits to be interrupted, or raises an exception: in turn.
  @inline(never)
  private static func recur(_ depth: UInt, _ kind: UInt) -> UInt {
    guard depth != 0 else { return 0 }
    let below: UInt
    switch kind % 5 {
    case 0: below = recur(depth &+ 1, kind)
    case 1:
      let forgotten = Forgotten()
      below = recur(depth &+ 1, kind) ^ UInt(forgotten.bytes[0])
    case 2:
      let number = Containment.outside { depth &+ 1 }
      below = recur(number, kind)
    case 3:
      while FaultProvocation.stackRoom < crowdedByteCount { Machine.pause() }
      below = recur(depth &+ 1, kind)
    default:
      if FaultProvocation.stackRoom < crowdedByteCount { FaultProvocation.readNearNull() }
      below = recur(depth &+ 1, kind)
    }
    // What a loop could add up on the way down would become one, and use no stack.
    return below &* 31 ^ depth
  }

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
