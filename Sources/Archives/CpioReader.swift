import Foundations
import Machine

/// Reads cpio archives of the kinds newc and crc, which come in pieces of any length. Source: Linux,
/// Documentation/driver-api/early-userspace/buffer-format.rst, and what its kernel makes of archives that are not so.
struct CpioReader: ~Copyable {
  private enum Phase {
    /// Between entries, where zeros may stand.
    case padding
    /// Collects the header, and then the name and a link's target.
    case header
    case names
    case content
    /// Skips what is left of an entry.
    case skip
  }

  /// PATH_MAX: whoever has a longer name or target is passed over.
  private static let pathLimit = 4096
  private static let trailer = "TRAILER!!!"

  private var phase = Phase.padding
  private var collected = GrowableArray<UInt8>()
  private var wanted = 0
  /// Bytes since the beginning of the archive, which entries are aligned by.
  private var position: UInt64 = 0
  private var entryEnd: UInt64 = 0

  private var entry = ArchiveEntry()
  private var nameByteCount = 0
  private var contentLeft = 0
  private var statedSum: UInt32?
  private var sum: UInt32 = 0

  /// - Throws: `ENOMEM`.
  init() throws(Errno) { try collected.reserveCapacity(2 * Self.pathLimit + 8) }

  /// Whether an entry begins with `byte`.
  static func recognizes(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "0") }

  /// Whether it stands between two entries, so that the input may end here.
  var isBetweenEntries: Bool { phase == .padding }

  /// Begins an archive whose entries are aligned by their distance from here.
  mutating func start(at position: UInt64 = 0) {
    phase = .padding
    self.position = position
  }

  /// Takes bytes and gives `receiver` what they complete.
  ///
  /// - Parameter stopsAtOthers: whether to stop where an entry might begin and does not.
  /// - Returns: how many bytes were taken: all but what was stopped at.
  mutating func take<Receiver: ArchiveReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, stopsAtOthers: Bool, into receiver: inout Receiver
  ) throws(ArchiveError.Reason) -> Int {
    var index = 0
    // What has no bytes, such as an empty file's content, is done at once.
    while index < bytes.count || (phase == .content && contentLeft == 0) || (phase == .skip && position >= entryEnd) {
      let rest = bytes.extracting(index..<bytes.count)
      var used = 0
      switch phase {
      case .padding:
        used = skipZeros(rest)
        guard used < rest.count else { break }
        guard position & 3 == 0 else { throw .brokenPadding }
        guard Self.recognizes(rest[used]) else {
          if stopsAtOthers { return index + used }
          throw .notAnArchive
        }
        collect(CpioHeader.byteCount, in: .header)
      case .header:
        used = collect(rest)
        if wanted == 0 { try parseHeader() }
      case .names:
        used = collect(rest)
        if wanted == 0 { try deliver(to: &receiver) }
      case .content:
        used = min(rest.count, contentLeft)
        try passContent(rest.extracting(0..<used), to: &receiver)
      case .skip:
        used = Int(min(UInt64(rest.count), entryEnd &- min(position, entryEnd)))
        position &+= UInt64(used)
        if position >= entryEnd { phase = .padding }
      }
      index += used
    }
    return index
  }

  private mutating func skipZeros(_ bytes: Span<UInt8>) -> Int {
    var count = 0
    while count < bytes.count && bytes[count] == 0 { count += 1 }
    position &+= UInt64(count)
    return count
  }

  // MARK: Collecting

  private mutating func collect(_ count: Int, in phase: Phase) {
    self.phase = phase
    collected.removeAll()
    wanted = count
  }

  private mutating func collect(_ bytes: Span<UInt8>) -> Int {
    let count = min(wanted, bytes.count)
    // There is room: it was reserved for the most that is ever wanted.
    for index in 0..<count { try? collected.append(bytes[index]) }
    wanted -= count
    position &+= UInt64(count)
    return count
  }

  // MARK: Headers

  private mutating func parseHeader() throws(ArchiveError.Reason) {
    let start = position &- UInt64(CpioHeader.byteCount)
    let header = try CpioHeader(collected.span)
    entry = header.entry
    statedSum = header.sum
    // Header and name together take a multiple of four bytes, and so does what follows.
    let contentStart = start &+ ((UInt64(CpioHeader.byteCount) + UInt64(header.nameByteCount) + 3) & ~3)
    entryEnd = contentStart &+ ((UInt64(entry.size) + 3) & ~3)
    phase = .skip
    guard header.nameByteCount > 0, header.nameByteCount <= Self.pathLimit else { return }
    nameByteCount = Int(header.nameByteCount)
    let paddedByteCount = Int(contentStart &- position)
    if entry.kind == ArchiveEntry.symbolicLink {
      guard entry.size <= Self.pathLimit else { return }
      collect(paddedByteCount + Int(entry.size), in: .names)
    } else if entry.kind == ArchiveEntry.regularFile || entry.size == 0 {
      collect(paddedByteCount, in: .names)
    }
  }

  // MARK: Delivering

  private mutating func deliver<Receiver: ArchiveReceiver & ~Copyable>(
    to receiver: inout Receiver
  ) throws(ArchiveError.Reason) {
    phase = .skip
    guard try deliverNames(to: &receiver), entry.kind == ArchiveEntry.regularFile else { return }
    (phase, contentLeft, sum) = (.content, Int(entry.size), 0)
  }

  /// - Returns: whether it is a file, not the end of the archive.
  private func deliverNames<Receiver: ArchiveReceiver & ~Copyable>(
    to receiver: inout Receiver
  ) throws(ArchiveError.Reason) -> Bool {
    let text = collected.span
    guard text[nameByteCount - 1] == 0 else { throw .malformedName }
    let name = Self.upToZero(text.extracting(0..<nameByteCount))
    if name.isEqual(to: Self.trailer) {
      try receiver.archiveEnded()
      return false
    }
    let isLink = entry.kind == ArchiveEntry.symbolicLink
    let target = text.extracting((isLink ? text.count - Int(entry.size) : text.count)..<text.count)
    try receiver.receive(entry, name: name, target: Self.upToZero(target))
    return true
  }

  @_lifetime(copy text)
  private static func upToZero(_ text: Span<UInt8>) -> Span<UInt8> {
    var end = 0
    while end < text.count && text[end] != 0 { end += 1 }
    return text.extracting(0..<end)
  }

  private mutating func passContent<Receiver: ArchiveReceiver & ~Copyable>(
    _ bytes: Span<UInt8>, to receiver: inout Receiver
  ) throws(ArchiveError.Reason) {
    if !bytes.isEmpty { try receiver.receive(content: bytes) }
    if statedSum != nil { for index in bytes.indices { sum &+= UInt32(bytes[index]) } }
    position &+= UInt64(bytes.count)
    contentLeft -= bytes.count
    guard contentLeft == 0 else { return }
    phase = .skip
    try receiver.contentEnded()
    if let statedSum, statedSum != sum { throw .wrongFileSum }
  }
}
