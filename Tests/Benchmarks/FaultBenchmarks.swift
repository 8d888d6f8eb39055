import Foundations
import Machine
import PageFrames
import VirtualMemory

/// Page faults, taken as exceptions by copies of the kernel to a program's memory; and the calls that make and drop it.
enum FaultBenchmarks {
  private static let base: UInt64 = 0x4000_0000
  private static let pageCount: UInt64 = 256

  static func register(_ registrar: inout BenchmarkRegistrar) {
    AddressSpace.hugePages = .never
    registrar.measure("user.store-of-8-bytes", on: populated) { _ throws(Errno) in
      try UserPointer<UInt64>(base).store(1)
    }
    registrar.measure("mmap.map-and-unmap", operations: 1_000, on: space) { space throws(Errno) in
      try map(space)
      try space.unmap(base, pageCount << 12)
    }
    // Each round is map, a fault for each of 256 pages, unmap; the row is a page's share of it.
    registrar.measure("fault.anonymous-write", target: 2_500, operations: 40, batch: 256, on: space) {
      space throws(Errno) in
      try map(space)
      for page in 0..<pageCount { try UserPointer<UInt64>(base + page << 12).store(1) }
      try space.unmap(base, pageCount << 12)
    }
    registrar.measure("fault.anonymous-read", operations: 40, batch: 256, on: space) { space throws(Errno) in
      try map(space)
      for page in 0..<pageCount { _ = try UserPointer<UInt64>(base + page << 12).load() }
      try space.unmap(base, pageCount << 12)
    }
    registrar.measure("fault.resolve-only", operations: 40, batch: 256, on: space) { space throws(Errno) in
      try map(space)
      for page in 0..<pageCount {
        guard space.resolveFault(base + page << 12, .write) == .resolved else { throw .EFAULT }
      }
      try space.unmap(base, pageCount << 12)
    }
    registrar.measure("clone.of-256-pages", operations: 40, on: populated) { space throws(Errno) in
      try space.clone().tearDown()
    }
    registrar.measure("fault.copy-on-write", operations: 40, batch: 256, on: populated) { space throws(Errno) in
      let child = try space.clone()
      for page in 0..<pageCount { try UserPointer<UInt64>(base + page << 12).store(1) }
      child.tearDown()
    }
    CurrentAddressSpace.leave()
    AddressSpace.hugePages = .always
  }

  private static func map(_ space: AddressSpace) throws(Errno) {
    _ = try space.map(
      MapRequest(address: base, byteCount: pageCount << 12, flags: [.private, .anonymous, .fixed]))
  }

  private static func space() throws(Errno) -> AddressSpace {
    let space = try AddressSpace.make()
    space.activate()
    return space
  }

  private static func populated() throws(Errno) -> AddressSpace {
    let space = try space()
    try map(space)
    for page in 0..<pageCount { try UserPointer<UInt64>(base + page << 12).store(1) }
    return space
  }
}
