import Foundations
public import Machine
import VirtualMemory

/// What the kernel tells a program of itself and of the machine. Source: getauxval(3).
public struct ProgramFacts: ~Copyable {
  /// Real and effective user and group.
  public var users: (real: UInt32, effective: UInt32) = (0, 0)
  /// The groups.
  public var groups: (real: UInt32, effective: UInt32) = (0, 0)
  /// Whether the program gained rights by being executed.
  public var isSecure = false
  /// EDX of CPUID leaf 1.
  public var hardwareCapabilities: UInt64 = 0
  /// Linux's second word of capabilities.
  public var moreHardwareCapabilities: UInt64 = 0
  /// Where the vDSO is; 0 for none.
  public var sharedObject: UInt64 = 0
  /// How much stack a signal takes, at least.
  public var signalStackByteCount: UInt64 = 2_048
  /// 16 random bytes.
  public var random: (UInt64, UInt64) = (0, 0)
  /// What the program was executed as.
  public var path = GrowableArray<UInt8>()

  /// Facts that are all zero.
  public init() {}
}

/// Where a program and its linker have been put.
struct ProgramPlace {
  var programHeaders: UInt64 = 0
  var programHeaderCount = 0
  var interpreterBase: UInt64 = 0
  var entry: UInt64 = 0
}

/// Builds what a program finds on its stack: arguments, environment, auxiliary vector. Source: System V ABI, AMD64, 3.4.1.
enum StackBuilder {
  /// The stack begins with so many bytes and grows from there.
  private static let reserve: UInt64 = 128 << 10

  static func build(
    _ arguments: borrowing ArgumentList, _ facts: borrowing ProgramFacts, _ place: ProgramPlace,
    _ layout: AddressLayout,
    _ isExecutable: Bool, into space: AddressSpace, _ loaded: inout LoadedProgram
  ) throws(Errno) {
    var image = StackImage()
    // Strings, from low to high addresses: random bytes, platform, arguments, environment, path, eight zeros.
    try image.append(facts.random.0)
    try image.append(facts.random.1)
    let platform = image.count
    try image.append(text: "x86_64")
    let argumentStart = image.count
    try image.append(arguments.arguments.span)
    let environmentStart = image.count
    try image.append(arguments.environment.span)
    let environmentEnd = image.count
    let path = image.count
    try image.append(facts.path.span)
    for _ in 0..<9 { try image.append(byte: 0) }

    let stringsStart = (layout.stackTop - layout.stackOffset - UInt64(image.count)) & ~15
    var auxiliary = AuxiliaryVector()
    try auxiliary.fill(facts, place, stringsStart, platform: platform, path: path)
    let wordCount = 1 + arguments.argumentCount + 1 + arguments.environmentCount + 1 + auxiliary.words.count
    let stackPointer = (stringsStart - UInt64(wordCount) * 8) & ~15

    var table = StackImage()
    try table.append(UInt64(arguments.argumentCount))
    try table.appendPointers(to: arguments.arguments.span, at: stringsStart + UInt64(argumentStart))
    try table.append(0)
    try table.appendPointers(to: arguments.environment.span, at: stringsStart + UInt64(environmentStart))
    try table.append(0)
    let auxiliaryStart = stackPointer + UInt64(table.count)
    for index in 0..<auxiliary.words.count { try table.append(auxiliary.words[index]) }

    let bottom = (stackPointer - reserve) & ~4_095
    var protection: Protection = [.read, .write]
    if isExecutable { protection.insert(.execute) }
    _ = try space.map(
      MapRequest(
        address: bottom, byteCount: layout.stackTop - bottom, protection: protection,
        flags: [.private, .anonymous, .fixedNoReplace, .growsDown, .stack]))
    try space.write(image.bytes, to: stringsStart)
    try space.write(table.bytes, to: stackPointer)

    loaded.stackPointer = stackPointer
    loaded.arguments = stringsStart + UInt64(argumentStart)..<stringsStart + UInt64(environmentStart)
    loaded.environment = stringsStart + UInt64(environmentStart)..<stringsStart + UInt64(environmentEnd)
    loaded.auxiliary = auxiliaryStart..<auxiliaryStart + UInt64(auxiliary.words.count) * 8
  }
}

/// Keys and values. Source: Linux include/uapi/linux/auxvec.h for the numbers.
private struct AuxiliaryVector: ~Copyable {
  var words = GrowableArray<UInt64>()

  /// - Throws: `ENOMEM`.
  mutating func fill(
    _ facts: borrowing ProgramFacts, _ place: ProgramPlace, _ strings: UInt64, platform: Int, path: Int
  ) throws(Errno) {
    try words.reserveCapacity(48)
    if facts.sharedObject != 0 { try add(33, facts.sharedObject) }  // AT_SYSINFO_EHDR
    try add(51, facts.signalStackByteCount)  // AT_MINSIGSTKSZ
    try add(16, facts.hardwareCapabilities)  // AT_HWCAP
    try add(6, 4_096)  // AT_PAGESZ
    try add(17, 100)  // AT_CLKTCK
    try add(3, place.programHeaders)  // AT_PHDR
    try add(4, UInt64(ProgramHeader.byteCount))  // AT_PHENT
    try add(5, UInt64(place.programHeaderCount))  // AT_PHNUM
    try add(7, place.interpreterBase)  // AT_BASE
    try add(8, 0)  // AT_FLAGS
    try add(9, place.entry)  // AT_ENTRY
    try add(11, UInt64(facts.users.real))  // AT_UID
    try add(12, UInt64(facts.users.effective))  // AT_EUID
    try add(13, UInt64(facts.groups.real))  // AT_GID
    try add(14, UInt64(facts.groups.effective))  // AT_EGID
    try add(23, facts.isSecure ? 1 : 0)  // AT_SECURE
    try add(25, strings)  // AT_RANDOM
    try add(26, facts.moreHardwareCapabilities)  // AT_HWCAP2
    try add(31, strings + UInt64(path))  // AT_EXECFN
    try add(15, strings + UInt64(platform))  // AT_PLATFORM
    try add(0, 0)  // AT_NULL
  }

  private mutating func add(_ key: UInt64, _ value: UInt64) throws(Errno) {
    try words.append(key)
    try words.append(value)
  }
}

/// Bytes that go onto a stack.
private struct StackImage: ~Copyable {
  private var storage = GrowableArray<UInt8>()

  var count: Int { storage.count }
  var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span }
  }

  mutating func append(byte: UInt8) throws(Errno) { try storage.append(byte) }

  mutating func append(_ bytes: Span<UInt8>) throws(Errno) {
    try storage.reserveCapacity(storage.count + bytes.count)
    for index in bytes.indices { try storage.append(bytes[index]) }
  }

  mutating func append(text: String) throws(Errno) {
    for byte in text.utf8 { try storage.append(byte) }
    try storage.append(0)
  }

  mutating func append(_ word: UInt64) throws(Errno) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { try storage.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  /// Adds the address of each string of `strings`, which lie one behind the other from `start` on.
  mutating func appendPointers(to strings: Span<UInt8>, at start: UInt64) throws(Errno) {
    var isBeginning = true
    for index in strings.indices {
      if isBeginning { try append(start + UInt64(index)) }
      isBeginning = strings[index] == 0
    }
  }
}
