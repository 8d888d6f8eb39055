import DeviceModels
import Foundations
import Machine
import Testing

@testable import Virtio

/// `value` in `width` bytes, the lowest first.
func littleEndian(_ value: Int, _ width: Int) -> [UInt8] {
  (0..<width).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

/// The number in `bytes`, the lowest first.
func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

/// The forms of queues that drivers are tested with.
let driverForms: [UInt64] = [
  Bit.version1, Bit.version1 | Bit.event | Bit.indirect, Bit.version1 | Bit.packed | Bit.event | Bit.indirect,
]
