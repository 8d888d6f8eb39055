import Foundations
import LinuxABI
import Machine

extension SystemCallTrace {
  /// How many bytes of a text, and elements of an array, are shown; as strace does without options.
  private static let textLimit = 32
  /// How many bytes of a path are shown.
  private static let pathLimit = 200

  /// Writes the argument at `index`; `result` is nil while the call has not returned.
  mutating func write(_ argument: SystemCallArgument, at index: Int, result: Int64?) {
    let value = arguments[index]
    switch argument.kind {
    case .bytes(let direction, let length):
      write(bytesAt: value, count: byteCount(direction, length: length, result: result))
    case .structure(let structure, let direction, let count):
      if direction == .out, (result ?? -1) < 0 {
        line.write(address: value)
      } else {
        write(structure, at: value, count: elementCount(count), isArray: count != .fixed(1))
      }
    case .path: write(textAt: value, limit: Self.pathLimit)
    case .string: write(textAt: value, limit: Self.textLimit)
    case .flags(let set): write(set, value, width: 32)
    case .enumeration(let enumeration): write(enumeration, value, width: 32)
    case .clock: write(.clockIdentifier, value, width: 32)
    case .directoryDescriptor: write(directory: Int32(truncatingIfNeeded: value))
    case .descriptor, .pid, .milliseconds, .identifier: line.write(decimal: Int(Int32(truncatingIfNeeded: value)))
    case .uid, .gid: line.write(owner: UInt32(truncatingIfNeeded: value))
    case .signal: line.write(signal: UInt32(truncatingIfNeeded: value))
    case .mode: line.write(mode: value & 0xffff)
    case .offset: line.write(decimal: Int(bitPattern: UInt(value)))
    case .size: line.write(decimal: value)
    case .signed(let width): line.write(signed: value, width: width)
    case .unsigned(let width): line.write(unsigned: value, width: width)
    case .address, .pointer: line.write(address: value)
    case .device, .ipcKey, .union, .unused: line.write(number: value)
    }
  }

  /// How many bytes of a buffer mean something; nil when the buffer's address is shown.
  private func byteCount(_ direction: SystemCallDirection, length: Int, result: Int64?) -> UInt64? {
    let wanted: UInt64
    switch call?.argument(at: length)?.kind {
    case .size, .unsigned(width: 64): wanted = arguments[length]
    case .signed, .unsigned: wanted = arguments[length] & 0xffff_ffff
    default: return nil
    }
    guard direction == .out else { return wanted }
    guard let result, result >= 0 else { return nil }
    switch call?.result {
    case .size, .count, .integer: return min(wanted, UInt64(result))
    default: return wanted
    }
  }

  private func elementCount(_ count: SystemCallArgument.Count) -> UInt64? {
    switch count {
    case .fixed(let number): return UInt64(number)
    case .argument(let index):
      if case .structure = call?.argument(at: index)?.kind { return nil }
      return arguments[index] & 0xffff_ffff
    }
  }

  private mutating func write(directory: Int32) {
    if directory == -100 {
      line.write("AT_FDCWD")
    } else {
      line.write(decimal: Int(directory))
    }
  }

  // MARK: Flags and choices

  /// Writes the flags in `value` by name, those without one as a number.
  mutating func write(_ set: SystemCallFlagSet, _ value: UInt64, width: Int) {
    var rest = width < 64 ? value & (1 << UInt64(width) &- 1) : value
    guard rest != 0 || set.field(at: 0) != nil else {
      line.write(set.zeroName ?? "0")
      return
    }
    var isFirst = true
    func separate(_ line: inout TraceLine) {
      if !isFirst { line.write("|") }
      isFirst = false
    }
    var index = 0
    while let field = set.field(at: index) {
      if let name = field.values.constantName(of: Int64(bitPattern: rest & field.bits)) {
        separate(&line)
        line.write(name)
        rest &= ~field.bits
      }
      index += 1
    }
    index = 0
    while rest != 0, let flag = set.flag(at: index) {
      if flag.value != 0, rest & flag.value == flag.value {
        separate(&line)
        line.write(flag.name)
        rest &= ~flag.value
      }
      index += 1
    }
    if rest != 0 || isFirst {
      separate(&line)
      line.write(number: rest)
    }
  }

  /// Writes the choice `value` by name, or as a number.
  mutating func write(_ enumeration: SystemCallEnumeration, _ value: UInt64, width: Int) {
    let unsigned = width < 64 ? value & (1 << UInt64(width) &- 1) : value
    let signed = Int64(bitPattern: unsigned << UInt64(64 - width)) >> Int64(64 - width)
    if let name = enumeration.constantName(of: signed)
      ?? enumeration.constantName(of: Int64(bitPattern: unsigned))
    {
      line.write(name)
    } else {
      line.write(number: unsigned)
    }
  }

  // MARK: Memory

  /// Writes the text at `address`, or the address of one that cannot be read.
  mutating func write(textAt address: UInt64, limit: Int) {
    guard address != 0 else { return line.write("NULL") }
    var chunk = InlineArray<201, UInt8>(repeating: 0)
    var bytes = chunk.mutableSpan
    let count = Self.copy(from: address, count: limit + 1, into: &bytes)
    var length = 0
    while length < count, chunk[length] != 0 { length += 1 }
    guard length < count || count == limit + 1 else { return line.write(address: address) }
    line.write(quoted: chunk.span.extracting(0..<min(length, limit)), isCut: length > limit)
  }

  /// Writes `count` bytes at `address`, or the address when they cannot be read or nobody knows how many there are.
  mutating func write(bytesAt address: UInt64, count: UInt64?) {
    guard let count, address != 0 else { return line.write(address: address) }
    var chunk = InlineArray<32, UInt8>(repeating: 0)
    let shown = Int(min(count, UInt64(Self.textLimit)))
    var bytes = chunk.mutableSpan
    guard Self.copy(from: address, count: shown, into: &bytes) == shown else { return line.write(address: address) }
    line.write(quoted: chunk.span.extracting(0..<shown), isCut: count > UInt64(shown))
  }

  /// Fills the first `count` of `bytes` as far as the program could read them, and says how far that is.
  static func copy(from address: UInt64, count: Int, into bytes: inout MutableSpan<UInt8>) -> Int {
    // What reaches into the kernel's addresses is not read at all, but what is before may be.
    let end = address < UserSpace.kernelWindow.lowerBound ? UserSpace.kernelWindow.lowerBound : UserSpace.end
    guard UserSpace.contains(address), end > address else { return 0 }
    do throws(Errno) {
      return try UserBytes(address: address, count: min(UInt64(count), end - address)).read(into: &bytes)
    } catch {
      return 0
    }
  }
}
