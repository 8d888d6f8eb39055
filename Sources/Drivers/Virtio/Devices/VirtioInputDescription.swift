import Foundations
public import Machine

/// Bits or text that an input device tells about itself, up to 128 bytes.
public struct VirtioInputBytes: Sendable {
  /// The most bytes.
  public static let capacity = 128
  private var storage = InlineArray<128, UInt8>(repeating: 0)
  /// How many bytes there are.
  public private(set) var count = 0

  /// No bytes.
  public init() {}

  /// Adds a byte, if there is room.
  mutating func append(_ byte: UInt8) {
    guard count < Self.capacity else { return }
    storage[count] = byte
    count += 1
  }

  /// Byte number `index`; 0 behind the last.
  public subscript(index: Int) -> UInt8 { index >= 0 && index < count ? storage[index] : 0 }

  /// Whether bit number `bit` is set.
  public func contains(bit: Int) -> Bool { bit >= 0 && self[bit / 8] & 1 << UInt8(bit % 8) != 0 }

  /// The bytes.
  public var span: Span<UInt8> {
    @_lifetime(borrow self) get { storage.span.extracting(0..<count) }
  }
}

/// An axis of an input device with its range.
public struct VirtioInputAxis: Equatable, Sendable {
  /// The number of the axis (`ABS_X` and so on).
  public var code: UInt16
  /// The lowest and highest values.
  public var minimum, maximum: Int32
  /// How much a value may flutter, and what counts as the middle.
  public var fuzz, flat: Int32
  /// Units per millimetre or radian.
  public var resolution: Int32
}

/// What an input device says that it is, in the numbers of Linux's input events.
public final class VirtioInputDescription {
  /// The name.
  public internal(set) var name = VirtioInputBytes()
  /// The serial number.
  public internal(set) var serial = VirtioInputBytes()
  /// The bus, the manufacturer, the product and the version.
  public internal(set) var bus, vendor, product, version: UInt16
  /// Properties (`INPUT_PROP_POINTER` and so on), a bit each.
  public internal(set) var properties = VirtioInputBytes()
  /// The axes with absolute values.
  public internal(set) var axes = GrowableArray<VirtioInputAxis>()
  private var types = GrowableArray<UInt8>()
  private var codes = GrowableArray<VirtioInputBytes>()

  init() { (bus, vendor, product, version) = (0, 0, 0, 0) }

  /// How many types of events it has.
  public var typeCount: Int { types.count }
  /// Type number `index`, 0..<`typeCount` (`EV_KEY` and so on), and a bit for each of its codes.
  public func type(at index: Int) -> (type: UInt16, codes: VirtioInputBytes)? {
    guard index >= 0, index < types.count else { return nil }
    return (UInt16(types[index]), codes[index])
  }

  func add(_ type: UInt8, _ bits: VirtioInputBytes) throws(Errno) {
    try types.append(type)
    do throws(Errno) {
      try codes.append(bits)
    } catch {
      _ = types.popLast()
      throw error
    }
  }

  /// Whether it has events of `type` with `code`.
  public func has(type: UInt16, code: Int) -> Bool {
    for index in 0..<types.count where UInt16(types[index]) == type { return codes[index].contains(bit: code) }
    return false
  }
}

/// Who is told what an input device does.
open class VirtioInputSink {
  /// Creates a sink that drops everything.
  public init() {}

  /// Told once, before any event.
  open func attach(_ description: VirtioInputDescription) {}
  /// Takes an event. `SYN_REPORT` ends those that belong together.
  open func receive(type: UInt16, code: UInt16, value: Int32) {}
  /// Told when no event will come any more.
  open func detach() {}
}
