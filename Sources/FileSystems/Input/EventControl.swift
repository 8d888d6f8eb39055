import Foundations
import Input
import LinuxABI
import Machine

/// The parts of a request of ioctl(2) whose number says how long its argument is. Source: Linux
/// include/uapi/asm-generic/ioctl.h.
struct SizedRequest {
  enum Direction: UInt32 {
    case none = 0
    /// The program writes to the kernel. _IOC_WRITE.
    case write = 1
    /// The program reads. _IOC_READ.
    case read = 2
    case both = 3
  }

  let direction: Direction
  let size: Int
  let family: UInt8
  let number: UInt8

  init(_ request: UInt32) {
    direction = Direction(rawValue: request >> 30) ?? .none
    size = Int(request >> 16 & 0x3fff)
    family = UInt8(truncatingIfNeeded: request >> 8)
    number = UInt8(truncatingIfNeeded: request)
  }
}

/// The requests of ioctl(2) that event devices know. Source: Linux include/uapi/linux/input.h.
struct EventControl {
  /// EV_VERSION of linux/input.h.
  private static let version: UInt32 = 0x1_0001

  /// The numbers of requests whose arguments have the length that the program says.
  private enum Number {
    static var name: UInt8 { 0x06 }
    static var physicalPath: UInt8 { 0x07 }
    static var uniqueName: UInt8 { 0x08 }
    static var properties: UInt8 { 0x09 }
    static var keys: UInt8 { 0x18 }
    static var lights: UInt8 { 0x19 }
    static var sounds: UInt8 { 0x1a }
    static var switches: UInt8 { 0x1b }
    /// One for each type.
    static var codes: ClosedRange<UInt8> { 0x20...0x3f }
    /// One for each axis.
    static var axis: ClosedRange<UInt8> { 0x40...0x7f }
    static var effect: UInt8 { 0x80 }
    static var newAxis: ClosedRange<UInt8> { 0xc0...0xff }
  }

  let file: EventFile
  var device: InputDevice { file.device }

  init(_ file: EventFile) { self.file = file }

  /// - Throws: `EINVAL` for what is unknown, `EFAULT`, `ENOSYS` for what this device does not do, and others.
  func perform(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    switch IoctlRequest(rawValue: Int64(request)) {
    case .EVIOCGVERSION: try UserPointer<UInt32>(argument).store(Self.version)
    case .EVIOCGID: try UserPointer<IdentityStructure>(argument).store(IdentityStructure(device.identity))
    case .EVIOCGREP: try tellRepetition(argument)
    case .EVIOCSREP: try setRepetition(argument)
    // No device here has effects that can be felt.
    case .EVIOCRMFF: throw .ENOSYS
    case .EVIOCGEFFECTS: try UserPointer<UInt32>(argument).store(0)
    case .EVIOCGRAB: try setGrab(isOn: argument != 0)
    case .EVIOCREVOKE:
      guard argument == 0 else { throw .EINVAL }
      file.node.revoke(file.client)
    case .EVIOCGMASK: try tellMask(UserPointer<MaskStructure>(argument).load())
    case .EVIOCSMASK: try setMask(UserPointer<MaskStructure>(argument).load())
    case .EVIOCSCLOCKID:
      guard let clock = EventClock(number: try UserPointer<UInt32>(argument).load()) else { throw .EINVAL }
      file.client.setClock(clock, at: .now)
    case .EVIOCGKEYCODE: try tellKey(UserPointer<NumberPair>(argument))
    case .EVIOCSKEYCODE:
      let pair = try UserPointer<NumberPair>(argument).load()
      try device.setKey(pair.second, ofScanCode: pair.first)
    case .EVIOCGKEYCODE_V2: try tellKey(UserPointer<KeymapEntry>(argument))
    case .EVIOCSKEYCODE_V2:
      let entry = try UserPointer<KeymapEntry>(argument).load()
      guard let place = entry.place else { throw .EINVAL }
      try device.setKey(entry.key, ofScanCode: place)
    default: return try performSized(SizedRequest(request), argument)
    }
    return 0
  }

  // MARK: Requests of one size

  private func tellRepetition(_ address: UInt64) throws(Errno) {
    guard let repetition = device.repetition else { throw .ENOSYS }
    let pair = NumberPair(UInt32(bitPattern: repetition.delay), UInt32(bitPattern: repetition.period))
    try UserPointer<NumberPair>(address).store(pair)
  }

  private func setRepetition(_ address: UInt64) throws(Errno) {
    guard device.repetition != nil else { throw .ENOSYS }
    let pair = try UserPointer<NumberPair>(address).load()
    device.inject(InputEvent(.EV_REP, EventCode.REP_DELAY, Int32(bitPattern: pair.first)), by: file.node)
    device.inject(InputEvent(.EV_REP, EventCode.REP_PERIOD, Int32(bitPattern: pair.second)), by: file.node)
  }

  private func setGrab(isOn: Bool) throws(Errno) {
    if isOn { return try file.node.grab(file.client) }
    guard file.node.ungrab(file.client) else { throw .EINVAL }
  }

  private func tellKey(_ pointer: UserPointer<NumberPair>) throws(Errno) {
    var pair = try pointer.load()
    guard let key = device.key(ofScanCode: pair.first) else { throw .EINVAL }
    pair.second = UInt32(key)
    try pointer.store(pair)
  }

  private func tellKey(_ pointer: UserPointer<KeymapEntry>) throws(Errno) {
    var entry = try pointer.load()
    guard let place = entry.place, let key = device.key(ofScanCode: place) else { throw .EINVAL }
    entry.set(place, key)
    try pointer.store(entry)
  }

  // MARK: Masks

  private func tellMask(_ mask: MaskStructure) throws(Errno) {
    let known = EventMasks.codeCount(mask.type)
    let knownBytes = min(Self.byteCount(known), Int(mask.byteCount))
    let target = try UserBytes(address: mask.address, count: UInt64(mask.byteCount))
    if knownBytes > 0 {
      // Without a mask of its own everything is wanted.
      guard try store(file.client.mask(mask.type), knownBytes, at: mask.address) == knownBytes else { throw .EFAULT }
    }
    let rest = target.extracting(knownBytes..<target.count)
    guard rest.clear() == rest.count else { throw .EFAULT }
  }

  private func setMask(_ mask: MaskStructure) throws(Errno) {
    let known = EventMasks.codeCount(mask.type)
    guard known > 0 else { return }
    guard mask.byteCount % 8 == 0 else { throw .EINVAL }
    // As many words as the highest code needs, which leaves the others unwanted.
    let count = min(Self.byteCount(known - 1), Int(mask.byteCount))
    var bits = InputBits()
    for index in 0..<count {
      let (address, isPastEnd) = mask.address.addingReportingOverflow(UInt64(index))
      guard !isPastEnd else { throw .EFAULT }
      let byte = try UserPointer<UInt8>(address).load()
      for bit in 0..<8 where byte & (1 << UInt8(bit)) != 0 { bits[UInt16(index * 8 + bit)] = true }
    }
    try file.client.setMask(mask.type, bits)
  }

  // MARK: Requests of any size

  private func performSized(_ request: SizedRequest, _ argument: UInt64) throws(Errno) -> Int {
    // 'E', as in every number of linux/input.h.
    guard request.family == 0x45 else { throw .EINVAL }
    switch (request.direction, request.number) {
    case (.read, Number.name): return try store(device.name, request, argument)
    case (.read, Number.physicalPath): return try store(device.physicalPath, request, argument)
    case (.read, Number.uniqueName): return try store(device.uniqueName, request, argument)
    case (.read, Number.properties):
      return try store(InputBits(device.capabilities.properties), last: 0x1f, request, argument)
    case (.read, Number.keys): return try tellActive(.EV_KEY, request, argument)
    case (.read, Number.lights): return try tellActive(.EV_LED, request, argument)
    case (.read, Number.sounds): return try tellActive(.EV_SND, request, argument)
    case (.read, Number.switches): return try tellActive(.EV_SW, request, argument)
    case (.read, Number.codes):
      return try tellCodes(EventType(rawValue: UInt16(request.number & 0x1f)), request, argument)
    case (.read, Number.axis): return try tellAxis(UInt16(request.number & 0x3f), request, argument)
    case (.write, Number.newAxis): return try setAxis(UInt16(request.number & 0x3f), request, argument)
    case (.write, Number.effect): return try refuseEffect(request, argument)
    default: throw .EINVAL
    }
  }

  private func tellActive(_ type: EventType, _ request: SizedRequest, _ address: UInt64) throws(Errno) -> Int {
    let client = file.client
    let bits = device.active(type) { client.forget(type) }
    do throws(Errno) {
      return try store(bits, last: type.lastCode ?? 0, request, address)
    } catch {
      client.noteLoss(at: .now)
      throw error
    }
  }

  private func tellCodes(_ type: EventType, _ request: SizedRequest, _ address: UInt64) throws(Errno) -> Int {
    switch type {
    case .EV_SYN: return try store(device.capabilities.bits(of: type), last: 0x1f, request, address)
    case .EV_KEY, .EV_REL, .EV_ABS, .EV_MSC, .EV_SW, .EV_LED, .EV_SND, .EV_FF:
      return try store(device.capabilities.bits(of: type), last: type.lastCode ?? 0, request, address)
    default: throw .EINVAL
    }
  }

  private func tellAxis(_ code: UInt16, _ request: SizedRequest, _ address: UInt64) throws(Errno) -> Int {
    guard let axis = device.axis(code) else { throw .EINVAL }
    var bytes = InlineArray<24, UInt8>(repeating: 0)
    var form = bytes.mutableSpan
    AxisStructure(axis).write(toUserBytes: &form)
    try Self.storeAll(bytes.span.extracting(first: request.size), at: address)
    return 0
  }

  private func setAxis(_ code: UInt16, _ request: SizedRequest, _ address: UInt64) throws(Errno) -> Int {
    guard device.axis(code) != nil else { throw .EINVAL }
    var bytes = InlineArray<24, UInt8>(repeating: 0)
    let count = min(request.size, AxisStructure.userByteCount)
    let source = try UserBytes(address: address, count: UInt64(count))
    var form = bytes.mutableSpan
    guard source.read(into: &form) == count else { throw .EFAULT }
    // How many fingers there can be does not change.
    guard code != EventCode.ABS_MT_SLOT else { throw .EINVAL }
    var axis = AxisStructure(userBytes: bytes.span).axis
    // Programs that are older than the last member do not know of it.
    if count < AxisStructure.userByteCount { axis.resolution = 0 }
    device.setAxis(code, axis)
    return 0
  }

  /// EVIOCSFF, for whatever structure the program has.
  private func refuseEffect(_ request: SizedRequest, _ address: UInt64) throws(Errno) -> Int {
    // `struct ff_effect`.
    guard request.size == 48 else { throw .EFAULT }
    var bytes = InlineArray<48, UInt8>(repeating: 0)
    var form = bytes.mutableSpan
    guard try UserBytes(address: address, count: 48).read(into: &form) == 48 else { throw .EFAULT }
    throw .ENOSYS
  }

  // MARK: Storing

  /// The bytes of the whole words that `count` codes need.
  private static func byteCount(_ count: Int) -> Int { (count + 63) / 64 * 8 }

  /// Stores a set of codes up to `last`, as far as there is room.
  ///
  /// - Returns: how many bytes.
  private func store(
    _ bits: InputBits, last: UInt16, _ request: SizedRequest, _ address: UInt64
  ) throws(Errno) -> Int {
    let count = min(Self.byteCount(Int(last)), request.size)
    guard try store(bits, count, at: address) == count else { throw .EFAULT }
    return count
  }

  /// Stores `count` bytes of a set, or ones when there is none.
  ///
  /// - Returns: how many could be stored.
  private func store(_ bits: InputBits?, _ count: Int, at address: UInt64) throws(Errno) -> Int {
    var bytes = InlineArray<96, UInt8>(repeating: 0xff)
    if let bits { for index in 0..<96 { bytes[index] = bits.byte(index) } }
    return try UserBytes(address: address, count: UInt64(count)).write(from: bytes.span)
  }

  /// Stores a text with its zero, as far as there is room.
  ///
  /// - Returns: how many bytes.
  /// - Throws: `ENOENT` when there is none.
  private func store(_ text: Message?, _ request: SizedRequest, _ address: UInt64) throws(Errno) -> Int {
    guard var text else { throw .ENOENT }
    text.write(byte: 0)
    let count = min(text.count, request.size)
    try Self.storeAll(text.bytes.extracting(first: count), at: address)
    return count
  }

  private static func storeAll(_ bytes: Span<UInt8>, at address: UInt64) throws(Errno) {
    guard try UserBytes(address: address, count: UInt64(bytes.count)).write(from: bytes) == bytes.count else {
      throw .EFAULT
    }
  }
}
