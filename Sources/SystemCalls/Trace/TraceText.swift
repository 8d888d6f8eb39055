import Foundations
import LinuxABI

/// The forms of single values in strace(1).
extension TraceLine {
  /// `NULL`, `0x7ffe12345678`.
  mutating func write(address: UInt64) {
    guard address != 0 else { return write("NULL") }
    write("0x")
    write(hex: address)
  }

  /// `0`, `0x1234`.
  mutating func write(number: UInt64) {
    guard number != 0 else { return write("0") }
    write("0x")
    write(hex: number)
  }

  /// A number of which the low `width` bits count.
  mutating func write(signed value: UInt64, width: Int) {
    let shift = Int64(64 - width)
    write(decimal: Int(Int64(bitPattern: value << UInt64(shift)) >> shift))
  }

  /// A number of which the low `width` bits count.
  mutating func write(unsigned value: UInt64, width: Int) {
    let shift = UInt64(64 - width)
    write(decimal: (value << shift) >> shift)
  }

  /// `0644`: three octal digits at least, the first of them a zero.
  mutating func write(mode: UInt64) {
    let hundreds = mode >> 6
    if hundreds > 0 {
      write("0")
      write(octal: hundreds)
    } else {
      write("0")
    }
    write(byte: 0x30 + UInt8(mode >> 3 & 7))
    write(byte: 0x30 + UInt8(mode & 7))
  }

  private mutating func write(octal value: UInt64) {
    if value >= 8 { write(octal: value >> 3) }
    write(byte: 0x30 + UInt8(value & 7))
  }

  /// A user or group; -1 means none.
  mutating func write(owner: UInt32) {
    if owner == .max { return write("-1") }
    write(decimal: UInt64(owner))
  }

  /// `SIGTERM`, `SIGRT_3`, `99`.
  mutating func write(signal number: UInt32) {
    if number >= 1, number <= 64 { write("SIG") }
    write(shortSignal: number)
  }

  /// `TERM`, `RT_3`, `99`.
  private mutating func write(shortSignal number: UInt32) {
    guard let signal = UInt8(exactly: number).flatMap({ Signal(rawValue: $0) }) else {
      return write(decimal: Int(Int32(bitPattern: number)))
    }
    if let name = signal.name {
      var rest = 3
      for byte in name.utf8 {
        rest -= 1
        if rest < 0 { write(byte: byte) }
      }
    } else if signal.rawValue == Signal.firstRealTime {
      write("RTMIN")
    } else {
      write("RT_")
      write(decimal: UInt64(signal.rawValue - Signal.firstRealTime))
    }
  }

  /// `[INT CHLD]`; of a set with most of the signals, those that are missing: `~[KILL STOP]`.
  mutating func write(signals set: UInt64) {
    let isInverted = set.nonzeroBitCount >= 42
    let shown = isInverted ? ~set : set
    write(isInverted ? "~[" : "[")
    var isFirst = true
    for number in UInt32(1)...64 where shown >> UInt64(number - 1) & 1 != 0 {
      if !isFirst { write(" ") }
      isFirst = false
      write(shortSignal: number)
    }
    write("]")
  }

  /// `"hello\n"`, with dots behind a text that is longer than what is shown.
  mutating func write(quoted bytes: Span<UInt8>, isCut: Bool) {
    write("\"")
    for index in bytes.indices {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "\""): write("\\\"")
      case UInt8(ascii: "\\"): write("\\\\")
      case 0x09: write("\\t")
      case 0x0a: write("\\n")
      case 0x0b: write("\\v")
      case 0x0c: write("\\f")
      case 0x0d: write("\\r")
      case 0x20...0x7e: write(byte: byte)
      default:
        // A digit that follows must not be taken for one of the number.
        let isFollowed = index + 1 < bytes.count && (0x30...0x37).contains(bytes[index + 1])
        write("\\")
        if isFollowed || byte >= 0o100 { write(byte: 0x30 + byte >> 6) }
        if isFollowed || byte >= 0o10 { write(byte: 0x30 + byte >> 3 & 7) }
        write(byte: 0x30 + byte & 7)
      }
    }
    write(isCut ? "\"..." : "\"")
  }
}
