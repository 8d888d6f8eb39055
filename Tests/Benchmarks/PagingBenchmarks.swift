import Foundations
import Machine
import PageFrames

/// Programs' page tables, page faults, and copies from and to programs.
enum PagingBenchmarks {
  private static let base: UInt64 = 0x4000_0000
  private static let hugePage: UInt64 = 2 << 20

  /// A program with two pages, which gets zeroed pages for every fault below `end`.
  private final class Program: PageFaultHandler {
    static let end = base + 512 * 4096
    var table: UserPageTable

    init(_ table: consuming UserPageTable) {
      self.table = table
      super.init()
    }

    static func make() throws(Errno) -> Program {
      let program = Program(try UserPageTable())
      for page in 0..<2 as Range<UInt64> {
        try program.table.map(UserFrame.allocate(isZeroed: true), at: base + page * 4096, [.read, .write])
      }
      CurrentAddressSpace.activate(program.table, handler: program)
      return program
    }

    override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
      guard address < Self.end else { return false }
      do throws(Errno) {
        try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
        return true
      } catch {
        return false
      }
    }

    func unmap(_ range: Range<UInt64>) throws(Errno) {
      var flush = TLBFlush()
      try table.unmap(range, flush: &flush)
      flush.finish()
    }

    func fill(_ count: UInt64) throws(Errno) {
      for page in 0..<count { try table.map(UserFrame.zero, at: base + hugePage + page * 4096, .read) }
    }
  }

  static func register(_ registrar: inout BenchmarkRegistrar) {
    registerTables(&registrar)
    registerFaults(&registrar)
    registerCopies(&registrar)
    CurrentAddressSpace.leave()
  }

  private static func registerTables(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("paging.look-up", on: Program.make) { program in
      _ = program.table.entry(at: base)
    }
    registrar.measure("paging.map-and-unmap", on: Program.make) { program throws(Errno) in
      try program.table.map(UserFrame.zero, at: base + 0x5000, .read)
      try program.unmap(base + 0x5000..<base + 0x6000)
    }
    registrar.measure("paging.map-and-unmap-of-512", operations: 100, batch: 512, on: Program.make) {
      program throws(Errno) in
      try program.fill(512)
      try program.unmap(base + hugePage..<base + 2 * hugePage)
    }
    registrar.measure("paging.replace", on: Program.make) { program throws(Errno) in
      var flush = TLBFlush()
      try program.table.replace(at: base, with: UserFrame.zero, .read, flush: &flush)
      flush.finish()
    }
    registrar.measure("paging.protect-512", operations: 100, batch: 512, on: Program.make) { program throws(Errno) in
      if program.table.entry(at: base + hugePage) == nil { try program.fill(512) }
      var flush = TLBFlush()
      let isReadable = program.table.entry(at: base + hugePage)?.access == .read
      try program.table.protect(
        base + hugePage..<base + 2 * hugePage, isReadable ? [.read, .execute] : .read, flush: &flush)
      flush.finish()
    }
    registrar.measure("paging.fork-and-drop-512", operations: 50, batch: 512, on: Program.make) {
      program throws(Errno) in
      if program.table.entry(at: base + hugePage) == nil { try program.fill(512) }
      var child = try UserPageTable()
      var flush = TLBFlush()
      try program.table.share(base + hugePage..<base + 2 * hugePage, with: &child, .copyOnWrite, flush: &flush)
      flush.finish()
    }
    registrar.measure("paging.new-table", operations: 1_000) { () throws(Errno) in _ = try UserPageTable() }
  }

  private static func registerFaults(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("paging.fault-zeroed-and-unmap", target: 2_500, on: Program.make) { program throws(Errno) in
      try UserPointer<UInt8>(base + 0x5000).store(1)
      try program.unmap(base + 0x5000..<base + 0x6000)
    }
    registrar.measure("paging.fault-unresolved", on: Program.make) { _ in
      _ = UserMemory.clearPartially(Program.end, count: 1)
    }
    registrar.measure("paging.switch-and-back", on: Pair.make) { pair in
      CurrentAddressSpace.activate(pair.first.table, handler: pair.first)
      CurrentAddressSpace.activate(pair.second.table, handler: pair.second)
    }
  }

  private struct Pair: ~Copyable {
    let first: Program
    let second: Program

    static func make() throws(Errno) -> Pair { try Pair(first: Program.make(), second: Program.make()) }
  }

  private static func registerCopies(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("user-memory.load-8", on: Program.make) { _ throws(Errno) in
      _ = try UserPointer<UInt64>(base).load()
    }
    copy(&registrar, "user-memory.copy-in-24", count: 24)
    copy(&registrar, "user-memory.copy-in-256", count: 256)
    copy(&registrar, "user-memory.copy-in-4096", count: 4096)
  }

  private struct Buffer: ~Copyable {
    let program: Program
    var bytes: GrowableArray<UInt8>
  }

  private static func copy(_ registrar: inout BenchmarkRegistrar, _ name: String, count: Int) {
    registrar.measure(name, operations: 2_000) { () throws(Errno) -> Buffer in
      var bytes = GrowableArray<UInt8>()
      try bytes.resize(to: count, filledWith: 0)
      return try Buffer(program: Program.make(), bytes: bytes)
    } _: { buffer in
      var span = buffer.bytes.mutableSpan
      _ = UserMemory.copyInPartially(from: base + 1, into: &span)
    }
  }
}
