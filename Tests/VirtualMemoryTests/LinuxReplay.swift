import Foundations
import Machine

@testable import VirtualMemory

/// Replays a record of what Linux did (Linux/record.c) on address spaces, and compares every result and every page.
struct LinuxReplay {
  static let base: UInt64 = 0x4000_0000
  static let filePages: UInt64 = 24

  private var programs: [Int: AddressSpace] = [:]
  private let file = SharedMemory(pageCount: filePages)
  private let pageCount: UInt64

  /// Begins with one program; `header` is the record's first line.
  init(header: Substring) throws {
    let words = header.split(separator: " ")
    pageCount = UInt64(words[1], radix: 16) ?? 0
    for page in 0..<Self.filePages {
      let bytes: [UInt8] = [UInt8(100 + page)]
      try file.page(page).write(at: 0, from: bytes.span)
    }
    let first = try AddressSpace.make()
    var limits = AddressSpaceLimits()
    limits.stack = 640 * 4096
    limits.locked = 32 * 4096
    first.limits = limits
    programs[0] = first
  }

  /// Carries out the call of one line, and compares.
  ///
  /// - Throws: `Disagreement`.
  mutating func step(_ line: Substring) throws {
    guard let equals = line.range(of: " = ") else { throw Disagreement("no result") }
    let words = line[..<equals.lowerBound].split(separator: " ")
    let expected = line[equals.upperBound...]
    guard let who = Int(words[0]), let space = programs[who] else { throw Disagreement("no such program") }
    let numbers = words.dropFirst(2).map { UInt64($0, radix: 16) ?? 0 }
    let actual: String
    switch words[1] {
    case "fork":
      programs[Int(numbers[0])] = try space.clone()
      actual = "0"
    case "exit":
      programs.removeValue(forKey: who)?.tearDown()
      actual = "0"
    case "state": actual = describe(space)
    default: actual = call(space, words[1], numbers + Array(repeating: 0, count: 6))
    }
    try space.checkAreas()
    guard actual == expected else { throw Disagreement("\(line)\n  but here: \(actual)") }
  }

  mutating func end() {
    for program in programs.values { program.tearDown() }
    programs = [:]
  }

  // MARK: Calls

  private func call(_ space: AddressSpace, _ name: Substring, _ a: [UInt64]) -> String {
    do throws(Errno) {
      switch name {
      case "mmap": return place(try map(space, a))
      case "munmap": try space.unmap(a[0], a[1])
      case "mprotect": try space.protect(a[0], a[1], Protection(rawValue: UInt32(a[2])))
      case "mremap":
        return place(try space.remap(a[0], a[1], a[2], RemapFlags(rawValue: UInt32(a[3])), to: a[4]))
      case "madvise":
        guard let advice = Advice(rawValue: Int32(a[2])) else { throw .EINVAL }
        try space.advise(a[0], a[1], advice)
      case "mlock2":
        guard a[2] <= 1 else { throw .EINVAL }
        try space.lock(a[0], a[1], onFault: a[2] == 1)
      case "munlock": try space.unlock(a[0], a[1])
      case "munlockall": space.unlockAll()
      case "msync":
        guard a[2] & ~7 == 0, a[2] & 5 != 5 else { throw .EINVAL }
        try space.synchronize(a[0], a[1], isSynchronous: a[2] & 4 != 0, invalidates: a[2] & 2 != 0)
      case "memlock": space.limits.locked = a[0]
      case "mincore":
        var text = "p"
        try space.forEachPage(a[0], a[1]) { _, isResident in text += isResident ? "1" : "0" }
        return text
      case "read": return touch(space, a[0], .read, nil)
      case "write": return touch(space, a[0], .write, UInt8(a[1]))
      default: return "unknown call"
      }
      return "0"
    } catch {
      return error.name ?? "\(error.rawValue)"
    }
  }

  private func map(_ space: AddressSpace, _ a: [UInt64]) throws(Errno) -> UInt64 {
    var request = MapRequest(
      address: a[0], byteCount: a[1], protection: Protection(rawValue: UInt32(a[2])),
      flags: MapFlags(rawValue: UInt32(a[3])))
    request.offset = a[5]
    if !request.flags.contains(.anonymous) && a[4] != 0 {
      request.object = file
      if a[4] == 2 && request.flags.contains(.shared) { request.limit = [.read, .execute] }
    }
    return try space.map(request)
  }

  private func place(_ address: UInt64) -> String {
    Self.base..<Self.base + pageCount * 4096 ~= address ? "0x" + String(address, radix: 16) : "elsewhere"
  }

  private func touch(
    _ space: AddressSpace, _ address: UInt64, _ kind: PageFaultAccess.Kind, _ value: UInt8?
  ) -> String {
    if let value {
      if space.setByte(value, at: address) { return "0" }
    } else if let byte = space.byte(at: address) {
      return "\(byte)"
    }
    switch space.resolveFault(address, kind) {
    case .badAddress: return "MAPERR"
    case .badAccess: return "ACCERR"
    case .busError: return "BUS"
    case .outOfMemory: return "out of memory"
    case .resolved: return "resolved, but not accessible"
    }
  }

  // MARK: State

  /// Every page of the window, runs of equal ones counted, in the words of `/proc/pid/smaps`.
  private func describe(_ space: AddressSpace) -> String {
    var runs: [(count: UInt64, text: String)] = []
    func add(_ count: UInt64, _ text: String) {
      guard count > 0 else { return }
      if runs.last?.text == text { runs[runs.count - 1].count += count } else { runs.append((count, text)) }
    }
    let end = Self.base + pageCount * 4096
    var position = Self.base
    while position < end, let area = space.area(endingAfter: position), area.start < end {
      if area.start > position { add((area.start - position) / 4096, "-") }
      let start = max(area.start, Self.base)
      add((min(area.end, end) - start) / 4096, Self.words(area))
      position = min(area.end, end)
    }
    add((end - position) / 4096, "-")
    return runs.map { "\($0.count):\($0.text)" }.joined(separator: " ")
  }

  private static func words(_ area: Area) -> String {
    var text = ""
    for (flag, word) in [(Protection.read, "rd"), (.write, "wr"), (.execute, "ex")] {
      if area.protection.contains(flag) { text += word }
    }
    // A shared mapping of a file that is not open for writing is private to Linux's flags, as nobody can write to it.
    if area.isShared && area.limit.contains(.write) { text += "sh" }
    if area.limit.contains(.write) { text += "mw" }
    let flags: [(AreaFlags, String)] = [
      (.growsDown, "gd"), (.locked, "lo"), (.lockedOnFault, "lf"), (.sequential, "sr"), (.random, "rr"),
      (.dontFork, "dc"),
      (.dontDump, "dd"), (.wipeOnFork, "wf"), (.huge, "hg"), (.noHuge, "nh"), (.noReserve, "nr"),
    ]
    for (flag, word) in flags where area.flags.contains(flag) { text += word }
    return text
  }
}
