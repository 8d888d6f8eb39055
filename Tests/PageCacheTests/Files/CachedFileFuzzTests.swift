import Foundations
import Machine
import PageCache
import TestSupport
import Testing

/// Random reads, writes, mappings, truncations, write-backs and reclaim on a few files, with devices that fail and memory that
/// runs out, against a dictionary. No content is ever lost or mixed up, and all memory comes back.
@Suite("CachedFile, fuzzed")
struct CachedFileFuzzTests {
  /// A file with what it must contain.
  private final class Subject {
    let disk: FakeDisk
    let file: CachedFile
    let mapper: FakeMapper
    var content: [UInt64: UInt64] = [:]
    var reader = ReadAhead()

    init(_ world: CacheWorld, pageCount: UInt64) throws {
      disk = FakeDisk(pageCount: pageCount)
      file = try world.file(disk)
      mapper = try FakeMapper(file)
    }
  }

  private static let largest: UInt64 = 160

  @Test("Random operations", arguments: 1...4)
  func random(seed: Int) throws {
    try CacheWorld.run { world in
      defer { AllocationFaults.fail(after: nil) }
      var generator = SeededGenerator(seed: UInt64(seed))
      let subjects = try (0..<3).map { _ in try Subject(world, pageCount: Self.largest) }
      for step in 1...4000 as ClosedRange<UInt64> {
        let subject = subjects[Int(generator.next() % 3)]
        if generator.next() % 8 == 0 { AllocationFaults.fail(after: Int(generator.next() % 4)) }
        try act(on: subject, stamp: step << 8 | UInt64(seed), world, &generator)
        AllocationFaults.fail(after: nil)
        // A small memory: 200 pages for three files of 160.
        let total = subjects.reduce(0) { $0 + $1.file.residentCount }
        if total > 200 { _ = world.cache.reclaim(target: total - 200, priority: 0) }
      }
      for subject in subjects {
        subject.disk.badReads = []
        subject.disk.badWrites = []
        subject.disk.longestRequest = .max
        for page in 0..<subject.disk.size { #expect(try subject.mapper.load(page) == subject.content[page] ?? 0) }
        subject.mapper.end()
        try subject.file.close()
        #expect(subject.disk.stamps.filter { $0.value != 0 && $0.key < subject.disk.size } == subject.content)
      }
    }
  }

  private func act(
    on subject: Subject, stamp: UInt64, _ world: CacheWorld, _ generator: inout SeededGenerator
  ) throws {
    let (file, disk) = (subject.file, subject.disk)
    let page = generator.next() % max(1, disk.size)
    switch generator.next() % 40 {
    case 0..<8: check(page, subject) { try file.stamp(of: page) }
    case 8..<12:
      for next in page..<min(page + 12, disk.size) {
        check(next, subject) { try file.stamp(of: next, &subject.reader) }
      }
    case 12..<18: check(page, subject) { try subject.mapper.load(page) }
    case 18..<24: write(stamp, page, subject) { try file.setStamp(stamp, of: page) }
    case 24..<28: write(stamp, page, subject) { try subject.mapper.store(stamp, page) }
    case 28..<30: write(stamp, page, subject) { try file.replacePage(page) { $0.setStamp(stamp) } }
    case 30:
      // Fails half way: a page that is there may have either content, so it is written again.
      _ = try? file.replacePage(page) { (frame) throws(Errno) in throw .EFAULT }
    case 31: try? file.writeBack(page..<page + generator.next() % 40)
    case 32: file.dropUnused(in: page..<page + generator.next() % 40)
    case 33: try? file.invalidate(page..<page + generator.next() % 40)
    case 34: _ = world.cache.reclaim(target: Int(generator.next() % 50), priority: Int(generator.next() % 13))
    case 35:
      disk.size = page
      try file.truncate(to: page * 4096)
      subject.content = subject.content.filter { $0.key < page }
      disk.stamps = disk.stamps.filter { $0.key < page }
    case 36: disk.size = Self.largest
    case 37: disk.badReads = generator.next() % 2 == 0 ? [] : Set((0..<20).map { _ in generator.next() % Self.largest })
    case 38:
      disk.badWrites = generator.next() % 2 == 0 ? [] : Set((0..<20).map { _ in generator.next() % Self.largest })
    default: disk.longestRequest = generator.next() % 2 == 0 ? .max : Int(generator.next() % 6)
    }
  }

  /// Reads; if that succeeds, the content must be right.
  private func check(_ page: UInt64, _ subject: Subject, _ read: () throws -> UInt64?) {
    guard let stamp = try? read() else { return }
    #expect(stamp == subject.content[page] ?? 0, "page \(page)")
  }

  /// Writes; if that succeeds, the content is the new one.
  private func write(_ stamp: UInt64, _ page: UInt64, _ subject: Subject, _ body: () throws -> Void) {
    guard (try? body()) != nil else { return }
    subject.content[page] = stamp
  }
}
