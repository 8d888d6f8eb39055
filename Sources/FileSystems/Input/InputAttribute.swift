public import Foundations
public import Input

/// A file of a device's directory in /sys/class/input. Source: Linux Documentation/ABI/testing/sysfs-class-input and
/// drivers/input/input.c.
public enum InputAttribute: UInt8, CaseIterable, Sendable {
  case name, phys, uniq, properties, modalias
  case bustype, vendor, product, version
  case ev, key, rel, abs, msc, led, snd, ff, sw

  /// The directory that it is in, below the device's; empty for the device's own.
  public var directory: StaticString {
    switch self {
    case .name, .phys, .uniq, .properties, .modalias: ""
    case .bustype, .vendor, .product, .version: "id"
    case .ev, .key, .rel, .abs, .msc, .led, .snd, .ff, .sw: "capabilities"
    }
  }

  /// The file's name.
  public var fileName: StaticString {
    switch self {
    case .name: "name"
    case .phys: "phys"
    case .uniq: "uniq"
    case .properties: "properties"
    case .modalias: "modalias"
    case .bustype: "bustype"
    case .vendor: "vendor"
    case .product: "product"
    case .version: "version"
    case .ev: "ev"
    case .key: "key"
    case .rel: "rel"
    case .abs: "abs"
    case .msc: "msc"
    case .led: "led"
    case .snd: "snd"
    case .ff: "ff"
    case .sw: "sw"
    }
  }

  /// Whose codes it tells; nil for what is no set of codes.
  var type: EventType? {
    switch self {
    case .ev: .EV_SYN
    case .key: .EV_KEY
    case .rel: .EV_REL
    case .abs: .EV_ABS
    case .msc: .EV_MSC
    case .led: .EV_LED
    case .snd: .EV_SND
    case .ff: .EV_FF
    case .sw: .EV_SW
    default: nil
    }
  }

  /// Writes what the file says of `device`, with the newline.
  ///
  /// - Context: any.
  public func write<Sink: TextSink & ~Copyable>(_ device: InputDevice, to sink: inout Sink) {
    switch self {
    case .name: sink.write(device.name.bytes)
    case .phys: if let text = device.physicalPath { sink.write(text.bytes) }
    case .uniq: if let text = device.uniqueName { sink.write(text.bytes) }
    case .properties: InputFacts.write(InputBits(device.capabilities.properties), to: &sink)
    case .modalias: InputFacts.writeAlias(device, to: &sink)
    case .bustype: sink.write(hex: UInt64(device.identity.bus), width: 4)
    case .vendor: sink.write(hex: UInt64(device.identity.vendor), width: 4)
    case .product: sink.write(hex: UInt64(device.identity.product), width: 4)
    case .version: sink.write(hex: UInt64(device.identity.version), width: 4)
    case .ev, .key, .rel, .abs, .msc, .led, .snd, .ff, .sw:
      InputFacts.write(device.capabilities.bits(of: type ?? .EV_SYN), to: &sink)
    }
    sink.write(byte: 0x0a)
  }
}

/// What `uevent` of a device in /sys/class/input says. Source: Linux, drivers/input/input.c, input_dev_uevent.
public enum InputFacts {
  /// Writes the lines, each with a newline.
  ///
  /// - Context: any.
  public static func write<Sink: TextSink & ~Copyable>(_ device: InputDevice, to sink: inout Sink) {
    let identity = device.identity
    sink.write("PRODUCT=")
    sink.write(hex: UInt64(identity.bus))
    sink.write("/")
    sink.write(hex: UInt64(identity.vendor))
    sink.write("/")
    sink.write(hex: UInt64(identity.product))
    sink.write("/")
    sink.write(hex: UInt64(identity.version))
    sink.write("\n")
    writeQuoted("NAME", device.name, to: &sink)
    if let text = device.physicalPath { writeQuoted("PHYS", text, to: &sink) }
    if let text = device.uniqueName { writeQuoted("UNIQ", text, to: &sink) }
    let capabilities = device.capabilities
    writeSet("PROP", InputBits(capabilities.properties), to: &sink)
    writeSet("EV", capabilities.bits(of: .EV_SYN), to: &sink)
    for attribute in [InputAttribute.key, .rel, .abs, .msc, .led, .snd, .ff, .sw] {
      guard let type = attribute.type, capabilities.contains(type) else { continue }
      writeSet(variable(of: attribute), capabilities.bits(of: type), to: &sink)
    }
    sink.write("MODALIAS=")
    writeAlias(device, to: &sink)
    sink.write("\n")
  }

  static func variable(of attribute: InputAttribute) -> String {
    switch attribute {
    case .key: "KEY"
    case .rel: "REL"
    case .abs: "ABS"
    case .msc: "MSC"
    case .led: "LED"
    case .snd: "SND"
    case .ff: "FF"
    default: "SW"
    }
  }

  private static func writeQuoted<Sink: TextSink & ~Copyable>(_ name: String, _ text: Message, to sink: inout Sink) {
    sink.write(name)
    sink.write("=\"")
    sink.write(text.bytes)
    sink.write("\"\n")
  }

  private static func writeSet<Sink: TextSink & ~Copyable>(_ name: String, _ bits: InputBits, to sink: inout Sink) {
    sink.write(name)
    sink.write("=")
    write(bits, to: &sink)
    sink.write("\n")
  }

  /// Writes a set as words in hexadecimal, the highest first, without those above the highest code.
  static func write<Sink: TextSink & ~Copyable>(_ bits: InputBits, to sink: inout Sink) {
    var isFirst = true
    for index in 0..<InputBits.wordCount {
      let word = InputBits.wordCount - 1 - index
      if isFirst && bits[word: word] == 0 && word > 0 { continue }
      if !isFirst { sink.write(" ") }
      sink.write(hex: bits[word: word])
      isFirst = false
    }
  }

  /// Writes by what a module would be looked for that serves the device.
  static func writeAlias<Sink: TextSink & ~Copyable>(_ device: InputDevice, to sink: inout Sink) {
    let identity = device.identity
    sink.write("input:b")
    writeUpper(identity.bus, width: 4, to: &sink)
    sink.write("v")
    writeUpper(identity.vendor, width: 4, to: &sink)
    sink.write("p")
    writeUpper(identity.product, width: 4, to: &sink)
    sink.write("e")
    writeUpper(identity.version, width: 4, to: &sink)
    sink.write("-")
    let capabilities = device.capabilities
    writeCodes("e", capabilities.bits(of: .EV_SYN), from: 0, to: &sink)
    // Ordinary keys are left out: every keyboard has them.
    writeCodes("k", capabilities.keys, from: EventCode.KEY_MUTE, to: &sink)
    writeCodes("r", capabilities.bits(of: .EV_REL), from: 0, to: &sink)
    writeCodes("a", capabilities.bits(of: .EV_ABS), from: 0, to: &sink)
    writeCodes("m", capabilities.bits(of: .EV_MSC), from: 0, to: &sink)
    writeCodes("l", capabilities.bits(of: .EV_LED), from: 0, to: &sink)
    writeCodes("s", capabilities.bits(of: .EV_SND), from: 0, to: &sink)
    writeCodes("f", capabilities.bits(of: .EV_FF), from: 0, to: &sink)
    writeCodes("w", capabilities.bits(of: .EV_SW), from: 0, to: &sink)
  }

  private static func writeCodes<Sink: TextSink & ~Copyable>(
    _ letter: String, _ bits: InputBits, from first: UInt16, to sink: inout Sink
  ) {
    sink.write(letter)
    var next = bits.next(from: first)
    while let code = next {
      writeUpper(code, width: 1, to: &sink)
      sink.write(",")
      next = bits.next(from: code + 1)
    }
  }

  /// Writes `number` in hexadecimal with capital letters.
  private static func writeUpper<Sink: TextSink & ~Copyable>(_ number: UInt16, width: Int, to sink: inout Sink) {
    for place in 0..<4 {
      let shift = UInt16(12 - 4 * place)
      guard number >> shift != 0 || 4 - place <= width else { continue }
      let digit = UInt8(truncatingIfNeeded: number >> shift & 15)
      sink.write(byte: digit < 10 ? 0x30 + digit : 0x37 + digit)
    }
  }
}
