import Foundations
import Input
import Machine

/// Which events one who has a device open does not want: EVIOCSMASK. All are wanted at first.
///
/// Source: Linux include/uapi/linux/input.h, EVIOCGMASK.
struct EventMasks: ~Copyable {
  private struct Mask {
    let type: UInt32
    var bits: InputBits
  }

  private var masks = GrowableArray<Mask>()

  /// How many codes there are of a type; 0 for one that cannot be chosen of. Those of EV_SYN stand for the types.
  static func codeCount(_ type: UInt32) -> Int {
    switch UInt16(exactly: type).map(EventType.init) {
    case .EV_SYN?: 32
    case .EV_REP?, .EV_PWR?, .EV_FF_STATUS?, nil: 0
    case let type?: type.lastCode.map { Int($0) + 1 } ?? 0
    }
  }

  /// The codes of `type` that are wanted; nil for all.
  func bits(_ type: UInt32) -> InputBits? {
    for index in 0..<masks.count where masks[index].type == type { return masks[index].bits }
    return nil
  }

  /// Makes `bits` the codes of `type` that are wanted.
  ///
  /// - Throws: `ENOMEM`.
  mutating func set(_ type: UInt32, _ bits: InputBits) throws(Errno) {
    for index in 0..<masks.count where masks[index].type == type {
      masks[index].bits = bits
      return
    }
    try masks.append(Mask(type: type, bits: bits))
  }

  /// Whether an event is not wanted. EV_SYN always is, and so is what cannot be chosen.
  func hides(_ event: InputEvent) -> Bool {
    guard masks.count > 0, event.type != .EV_SYN else { return false }
    if let types = bits(0), !types[event.type.rawValue], event.type.rawValue < 32 { return true }
    let type = UInt32(event.type.rawValue)
    guard Int(event.code) < Self.codeCount(type), let codes = bits(type) else { return false }
    return !codes[event.code]
  }
}
