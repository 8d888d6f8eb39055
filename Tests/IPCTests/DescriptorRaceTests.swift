import Foundations
import LinuxABI
import Machine
import Synchronization
import TestSupport
import Testing
import VFS

import class Foundation.DispatchSemaphore
import class Foundation.Thread
import struct Waiting.PollEvents

@testable import IPC

@Suite("Descriptors that are closed while they are used")
struct DescriptorRaceTests {
  /// A table that several threads have, as CLONE_FILES makes it.
  private final class Shared: Sendable {
    let table = BootCell<DescriptorTable>()
    let isOver = Atomic<Bool>(false)
    let looks = Atomic<Int>(0)
    let strange = Atomic<Int>(0)
    let done = DispatchSemaphore(value: 0)

    init(_ table: DescriptorTable) { self.table.fill(table) }

    func thread(_ body: @escaping @Sendable (Shared, DescriptorTable) -> Void) {
      Thread.detachNewThread {
        self.table.withValue { body(self, $0) }
        self.done.signal()
      }
    }
  }

  private static let known: PollEvents = [.input, .output, .readNormal, .writeNormal, .error, .hangUp]

  /// Gives `table` the writing end of a pipe as its first descriptor, which is the only one who has it; returns the other.
  private func addWriter(of world: World, to table: DescriptorTable) throws(Errno) -> OpenFile {
    let ends = try world.makePipe()
    _ = try table.add(ends.writer, limit: 8, closesOnExecution: false)
    return ends.reader
  }

  private func close(_ file: Int32, of table: DescriptorTable) throws(Errno) {
    try table.close(Descriptor(rawValue: file))
  }

  @Test("Files are looked at, closed, replaced and opened at once; none is lost and none is gone too early")
  func races() throws {
    try withWorld { world in
      let pipe = try world.makePipe()
      let (reader, writer) = (pipe.reader, pipe.writer)
      let pipeline = try #require(reader as? PipeFile).pipe
      let table = DescriptorTable()
      for _ in 0..<2 { table.beginUse() }
      let shared = Shared(table)
      for _ in 0..<2 {
        shared.thread { shared, table in
          while !shared.isOver.load(ordering: .acquiring) {
            try? table.withOpenFiles { files throws(Errno) in
              for descriptor in 0..<200 {
                let events = files.use(descriptor) { $0.poll() }
                if let events, !events.isSubset(of: Self.known) { shared.strange.wrappingAdd(1, ordering: .relaxed) }
              }
            }
            shared.looks.wrappingAdd(1, ordering: .relaxed)
          }
        }
      }
      shared.thread { shared, table in
        while !shared.isOver.load(ordering: .acquiring) {
          _ = try? table.use(Descriptor(rawValue: 5), for: .write) { file throws(Errno) in file.poll() }
        }
      }
      var generator = SeededGenerator(seed: 4)
      for round in 0..<4_000 {
        let descriptor = Descriptor(rawValue: Int32.random(in: 0..<Int32(min(4 + round / 20, 200)), using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: try? table.close(descriptor)
        case 1:
          if let old = try table.replace(descriptor, by: reader, limit: 1_024, closesOnExecution: round & 1 == 0) {
            try table.finishClosing(old)
          }
        case 2:
          let (own, other) = try world.makePipe()
          _ = try table.add(own, limit: 1_024, closesOnExecution: false)
          _ = try table.add(other, limit: 1_024, closesOnExecution: true)
        case 3: if round % 50 == 0 { table.closeForExecution() }
        case 4: if round % 100 == 0 { table.close(10...60) }
        default: _ = try table.add(writer, limit: 1_024, closesOnExecution: false)
        }
      }
      while shared.looks.load(ordering: .relaxed) < 10 { HostThread.yield() }
      shared.isOver.store(true, ordering: .releasing)
      for _ in 0..<3 { shared.done.wait() }
      #expect(shared.strange.load(ordering: .relaxed) == 0)
      table.closeAll()
      #expect(table.count == 0)
      #expect(pipeline.readers.load(ordering: .relaxed) == 1 && pipeline.writers.load(ordering: .relaxed) == 1)
      withExtendedLifetime((reader, writer)) {}
    }
  }

  @Test("A file that is closed while all are looked at is gone when that ends")
  func closedWithin() throws {
    try withWorld { world in
      let table = DescriptorTable()
      let end = try addWriter(of: world, to: table)
      #expect(end.poll() == [])
      try table.withOpenFiles { files throws(Errno) in
        try close(0, of: table)
        #expect(end.poll() == [])
        #expect(files.use(0) { $0.poll() } == nil)
      }
      #expect(end.poll() == .hangUp)
    }
  }

  @Test("A table's only task uses a file without counting it; of several each counts")
  func counting() throws {
    try withWorld { world in
      let (table, descriptor) = (DescriptorTable(), Descriptor(rawValue: 0))
      table.beginUse()
      let end = try addWriter(of: world, to: table)
      try table.use(descriptor, for: .write) { file throws(Errno) in
        #expect(try file.write([1]) == 1)
        #expect(end.poll() == [.input, .readNormal])
      }
      #expect(throws: Errno.EBADF) { try table.use(descriptor, for: .read) { _ in } }
      #expect(throws: Errno.EBADF) { try table.use(Descriptor(rawValue: 1)) { _ in } }
      #expect(throws: Errno.EBADF) { try table.use(Descriptor(rawValue: -1)) { _ in } }
      table.beginUse()
      // One uses another file meanwhile: what is closed goes at once.
      let other = try table.add(end, limit: 8, closesOnExecution: false)
      try table.use(other) { _ throws(Errno) in
        try close(descriptor.rawValue, of: table)
        #expect(end.poll() == [.input, .readNormal, .hangUp])
      }
    }
  }
}
