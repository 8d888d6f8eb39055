import FileTestSupport
import Foundations
import IPC
import LinuxABI
import Machine
import PageCache
import RAMFileSystem
import Security
import Synchronization
import VFS

import class Foundation.DispatchSemaphore
import class Foundation.Thread

@testable import Events
@testable import Time

/// A machine with event counters, pipes, timers and sets of watched files, and a process's descriptors.
final class World {
  let names: DentryCache
  let inodes: AnonymousInodes
  let pipes: PipeMaker
  let files = DescriptorTable()

  init() throws(Errno) {
    names = try DentryCache(bucketCount: 64)
    inodes = try AnonymousInodes(names: names, clock: FixedClock())
    pipes = try PipeMaker(names: names, clock: FixedClock())
  }

  func makeCounter(_ initial: UInt32 = 0) throws(Errno) -> EventCounter {
    try EventCounter.make(inodes, .root, initial: initial, .all, .O_NONBLOCK)
  }

  func makeEpoll() throws(Errno) -> (file: EpollFile, descriptor: Descriptor) {
    let file = try EpollFile.make(inodes, .root)
    return (file, try add(file))
  }

  func add(_ file: OpenFile) throws(Errno) -> Descriptor { try files.add(file, limit: 1_000, closesOnExecution: false) }

  /// Adds `file` under a descriptor of its own, and watches it.
  @discardableResult
  func watch(_ file: OpenFile, by epoll: EpollFile, _ events: EpollEvents, data: UInt64 = 0) throws(Errno) -> Descriptor
  {
    let descriptor = try add(file)
    try epoll.add(file, descriptor, EpollRequest(UInt32(truncatingIfNeeded: events.rawValue), data: data))
    return descriptor
  }
}

func withWorld<Result>(_ body: (World) throws -> Result) throws -> Result {
  try SimulatedMemory.exclusive { try body(World()) }
}

extension EpollFile {
  struct Event: Equatable {
    let events: UInt32
    let data: UInt64
    init(_ events: EpollEvents, _ data: UInt64) {
      self.init(bits: UInt32(truncatingIfNeeded: events.rawValue), data)
    }
    init(bits: UInt32, _ data: UInt64) { (self.events, self.data) = (bits, data) }
  }

  /// The events that there are, or that come until `deadline`.
  func events(limit: Int = 100, deadline: UInt64? = 0) throws(Errno) -> [Event] {
    var found: [Event] = []
    let count = try wait(limit: limit, deadline: deadline) { index, events, data throws(Errno) in
      found.append(Event(bits: events, data))
    }
    precondition(count == found.count)
    return found
  }

  func modify(_ file: OpenFile, _ descriptor: Descriptor, _ events: EpollEvents, data: UInt64 = 0) throws(Errno) {
    try modify(file, descriptor, EpollRequest(UInt32(truncatingIfNeeded: events.rawValue), data: data))
  }
}

extension OpenFile {
  func add(_ number: UInt64) throws(Errno) {
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> UInt64(index * 8)) }
    let written = try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in try write(&buffer) }
    precondition(written == 8)
  }

  func take() throws(Errno) -> UInt64 {
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    let count = try IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in try read(&buffer) }
    precondition(count == 8)
    var number: UInt64 = 0
    for index in 0..<8 { number |= UInt64(bytes[index]) << UInt64(index * 8) }
    return number
  }
}
