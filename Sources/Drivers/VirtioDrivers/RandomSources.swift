import DeviceFiles
import DriverKit
import Foundations
import Machine
import SyntheticFiles
import VFS
import Waiting

/// A source of random numbers, for programs, while its device has a driver that works or is being replaced.
final class RandomSource: Publication {
  /// What the names of such sources are counted by.
  private static var family: StaticString { "virtio_rng" }
  /// How much entropy 1,024 bits of it are taken to hold, as Linux 6.1 has it: drivers/char/hw_random/virtio-rng.c.
  static var quality: UInt16 { 1_000 }

  /// The way to its driver.
  let link: DriverLink
  /// Which of the machine's it is, the `0` of `virtio_rng.0`: not the number of its device.
  private let index: Int

  /// A source that programs do not see yet.
  ///
  /// - Throws: `ENOSPC`, `ENOMEM`.
  init(_ link: DriverLink) throws(Errno) {
    self.link = link
    index = try DeviceIndexes.take(Self.family, from: 0)
    super.init()
  }

  deinit { DeviceIndexes.release(Self.family, index) }

  /// Its name for programs.
  var name: Message { "\(Self.family.description).\(index)" }

  /// Makes the device a source, unless a driver before this one has done that.
  ///
  /// - Throws: `ENOSPC`, `ENOMEM`.
  /// - Context: the device's thread.
  static func publish(through context: DriverContext) throws(Errno) {
    let device = context.device
    try context.outside { () throws(Errno) in
      let source = try RandomSource(DriverLink(device))
      // On record first: what goes on in its place is known only then.
      if try context.publish({ () throws(Errno) in source }) === source { try RandomSources.add(source) }
    }
  }

  override func withdraw() { RandomSources.remove(self) }

  override func continues(as successor: Publication) -> Bool {
    guard let successor = successor as? RandomSource else { return false }
    return link.device === successor.link.device && RandomSources.contains(self)
  }
}

/// The machine's sources of random numbers, and their file: `/dev/hwrng` reads the one that is current.
enum RandomSources {
  private struct Table: ~Copyable {
    var choice = RandomChoice()
    var file: DeviceFilePublication?
  }

  private static let table = SpinLock(Table())
  /// Held while sources come and go, so that the file is made and removed by one at a time.
  private static let changing = SleepLock()

  /// Adds a source; with the first one the file comes.
  ///
  /// - Throws: `ENOMEM`, and what making the file throws; then nothing has changed.
  /// - Context: a thread without locks.
  static func add(_ source: RandomSource) throws(Errno) {
    changing.lock()
    defer { changing.unlock() }
    let isFirst = try table.withLock { table throws(Errno) in
      try table.choice.add(source, quality: RandomSource.quality)
      return table.file == nil
    }
    guard isFirst else { return }
    do throws(Errno) {
      let new = DeviceFilePublication(RandomServer(CurrentSourceLink(source.link.device)))
      try new.add(RandomServer.template)
      try new.show()
      table.withLock { $0.file = new }
    } catch {
      table.withLock { $0.choice.remove(source) }
      throw error
    }
  }

  /// Removes a source if it is one; with the last one the file goes.
  ///
  /// - Context: a thread without locks.
  static func remove(_ source: RandomSource) {
    changing.lock()
    defer { changing.unlock() }
    let old: DeviceFilePublication? = table.withLock { table in
      table.choice.remove(source)
      guard table.choice.count == 0 else { return nil }
      defer { table.file = nil }
      return table.file
    }
    old?.withdraw()
  }

  /// Whether `source` is one.
  static func contains(_ source: RandomSource) -> Bool { table.withLock { $0.choice.contains(source) } }

  /// The one that programs read; nil while there is none.
  static var current: RandomSource? { table.withLock { $0.choice.current } }
  /// Whether a program has chosen it.
  static var isChosen: Bool { table.withLock { $0.choice.isChosen } }
  /// What the current one is taken for; nil while there is none.
  static var quality: UInt16? { table.withLock { $0.choice.quality } }

  /// Writes the names of all, each with a space behind it, and a newline.
  static func writeNames(to text: inout TextBuffer) {
    var index = 0
    // No text is written under a spin lock.
    while let source = table.withLock({ $0.choice.source(at: index) }) {
      text.write(source.name)
      text.write(" ")
      index += 1
    }
    text.write("\n")
  }

  /// Makes the source of that name current; the best one for an empty name.
  ///
  /// - Throws: `ENODEV` when there is none.
  static func choose(_ name: Span<UInt8>) throws(Errno) {
    guard name.count > 0 else { return table.withLock { $0.choice.chooseBest() } }
    var index = 0
    while let source = table.withLock({ $0.choice.source(at: index) }) {
      let own = source.name
      if own.bytes.isEqual(to: name) {
        return try table.withLock { table throws(Errno) in try table.choice.choose(source) }
      }
      index += 1
    }
    throw .ENODEV
  }

  /// Says how good the current source is, and makes the best one current.
  ///
  /// - Throws: `ENODEV` when there is none.
  static func setQuality(_ quality: UInt16) throws(Errno) {
    try table.withLock { table throws(Errno) in try table.choice.setQuality(quality) }
  }
}

/// Leads to whichever source is current.
private final class CurrentSourceLink: DriverLink {
  override func submit(_ request: DriverRequest) throws(Errno) {
    guard let source = RandomSources.current else { throw .ENODEV }
    try source.link.submit(request)
  }
}
