import Foundations

/// What events a device can send and take. Source: Linux Documentation/input/event-codes.rst.
public struct InputCapabilities: Sendable {
  /// The types, by their numbers. EV_SYN is one of every device.
  public private(set) var types: UInt64 = 1
  /// Keys and buttons.
  public internal(set) var keys = InputBits()
  private var relative: UInt64 = 0
  private var absolute: UInt64 = 0
  private var others: UInt64 = 0
  private var switches: UInt64 = 0
  private var lights: UInt64 = 0
  private var sounds: UInt64 = 0
  /// Numbers of `InputProperty`, as bits.
  public private(set) var properties: UInt64 = 0

  /// Nothing but EV_SYN.
  public init() {}

  /// Adds a type, as EV_REP, which comes without codes.
  public mutating func insert(_ type: EventType) { types[bit: Int(type.rawValue)] = true }

  /// Adds one code, and its type. One that there cannot be changes nothing.
  public mutating func insert(_ type: EventType, _ code: UInt16) {
    guard let last = type.lastCode, code <= last else { return }
    insert(type)
    switch type {
    case .EV_KEY: keys[code] = true
    case .EV_REL: relative[bit: Int(code)] = true
    case .EV_ABS: absolute[bit: Int(code)] = true
    case .EV_MSC: others[bit: Int(code)] = true
    case .EV_SW: switches[bit: Int(code)] = true
    case .EV_LED: lights[bit: Int(code)] = true
    case .EV_SND: sounds[bit: Int(code)] = true
    default: break
    }
  }

  /// Adds a property, a number of `InputProperty`.
  public mutating func insert(property: Int) { properties[bit: property] = true }

  /// Whether events of `type` are known to the device.
  @inline(__always)
  public func contains(_ type: EventType) -> Bool { types[bit: Int(type.rawValue)] }

  /// Whether events of `type` with `code` are known to the device.
  @inline(__always)
  public func contains(_ type: EventType, _ code: UInt16) -> Bool {
    guard contains(type) else { return false }
    switch type {
    case .EV_KEY: return keys[code]
    case .EV_REL: return relative[bit: Int(code)]
    case .EV_ABS: return absolute[bit: Int(code)]
    case .EV_MSC: return others[bit: Int(code)]
    case .EV_SW: return switches[bit: Int(code)]
    case .EV_LED: return lights[bit: Int(code)]
    case .EV_SND: return sounds[bit: Int(code)]
    default: return false
    }
  }

  /// The codes of a type; EV_SYN stands for the types.
  public func bits(of type: EventType) -> InputBits {
    switch type {
    case .EV_SYN: InputBits(types)
    case .EV_KEY: keys
    case .EV_REL: InputBits(relative)
    case .EV_ABS: InputBits(absolute)
    case .EV_MSC: InputBits(others)
    case .EV_SW: InputBits(switches)
    case .EV_LED: InputBits(lights)
    case .EV_SND: InputBits(sounds)
    default: InputBits()
    }
  }

  /// More events than a packet has in practice, from what the device can tell. Source: Linux, input_estimate_events_per_packet.
  var packetEstimate: Int {
    // Keys and what comes with them are few at a time.
    absolute.nonzeroBitCount + relative.nonzeroBitCount + 8
  }
}

/// An absolute axis: `struct input_absinfo`. Source: Linux include/uapi/linux/input.h.
public struct AbsoluteAxis: Equatable, Sendable {
  /// What it was last, in its own units.
  public var value: Int32
  /// The least value.
  public var minimum: Int32
  /// The greatest value.
  public var maximum: Int32
  /// How much values vary by noise.
  public var fuzz: Int32
  /// Within how much of the middle a stick counts as in the middle.
  public var flat: Int32
  /// Units per millimetre, or per radian; 0 when that is unknown.
  public var resolution: Int32

  /// Describes an axis.
  public init(
    value: Int32 = 0, minimum: Int32 = 0, maximum: Int32 = 0, fuzz: Int32 = 0, flat: Int32 = 0, resolution: Int32 = 0
  ) {
    (self.value, self.minimum, self.maximum) = (value, minimum, maximum)
    (self.fuzz, self.flat, self.resolution) = (fuzz, flat, resolution)
  }

  /// What a new value comes to with the noise taken out. Source: Linux, input_defuzz_abs_event.
  func withoutNoise(_ new: Int32) -> Int32 {
    guard fuzz > 0 else { return new }
    let (old, new, fuzz) = (Int64(value), Int64(new), Int64(fuzz))
    let distance = abs(new - old)
    if distance < fuzz / 2 { return value }
    if distance < fuzz { return Int32(clamping: (old * 3 + new) / 4) }
    if distance < fuzz * 2 { return Int32(clamping: (old + new) / 2) }
    return Int32(clamping: new)
  }
}
