import Foundation
import Foundations
import Machine
import TestSupport
import Testing
import VirtualMemory

@testable import Executables

@Suite("Programs of the host, loaded", .serialized)
struct LoaderTests {
  /// What a program's memory is to be, from its program headers as readelf(1) reads them.
  private static func segments(_ path: String) throws -> [(
    offset: UInt64, address: UInt64, file: UInt64, memory: UInt64, flags: String
  )] {
    let process = Foundation.Process()
    process.executableURL = URL(filePath: "/usr/bin/readelf")
    process.arguments = ["-lW", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard words.first == "LOAD", words.count >= 8 else { return nil }
      func number(_ index: Int) -> UInt64 { UInt64(words[index].dropFirst(2), radix: 16) ?? 0 }
      return (number(1), number(2), number(4), number(5), words[6..<words.count - 1].joined())
    }
  }

  @Test(
    "every byte of every segment is where it belongs, and the rest is zero",
    arguments: ["/bin/ls", "/bin/bash", "/usr/bin/python3", "/bin/busybox", "/lib64/ld-linux-x86-64.so.2"])
  func segments(_ path: String) throws {
    guard let file = TestFile(path: path) else { return }
    let expected = try Self.segments(path)
    try #require(!expected.isEmpty)
    try withMachine {
      let space = try AddressSpace.make()
      defer { space.tearDown() }
      let program = try ELFFile(file)
      let linker = TestFile(path: "/lib64/ld-linux-x86-64.so.2")
      let interpreter = program.interpreterPath.isEmpty ? nil : try ELFFile(try #require(linker))
      let arguments = try ArgumentList.make(["program", "-x"], ["A=b"])
      let layout = AddressLayout(stackLimit: 8 << 20, random: nil)
      let loaded = try ProgramLoader.load(
        program, interpreter: interpreter, arguments, ProgramFacts(), layout, into: space)
      let auxiliary = Self.auxiliary(space, loaded)
      let entry = try #require(auxiliary[9])
      let bias = entry &- program.header.entry
      if program.header.kind == .fixed { #expect(bias == 0) }
      for segment in expected {
        let start = segment.address &+ bias
        let area = try #require(space.area(endingAfter: start))
        #expect(area.start <= start)
        #expect(area.protection.contains(.write) == segment.flags.contains("W"))
        #expect(area.protection.contains(.execute) == segment.flags.contains("E"))
        let wanted = Array(file.content[Int(segment.offset)..<Int(segment.offset + segment.file)])
        #expect(space.bytes(start, wanted.count) == wanted)
        let rest = Int(segment.memory - segment.file)
        #expect(space.bytes(start + segment.file, rest) == [UInt8](repeating: 0, count: rest))
      }
      if case .some(let interpreter) = interpreter {
        #expect(auxiliary[7] == loaded.entry &- interpreter.header.entry)
      } else {
        #expect(loaded.entry == entry)
      }
      #expect(auxiliary[5] == UInt64(program.header.programHeaderCount))
    }
  }

  private static func auxiliary(_ space: AddressSpace, _ loaded: LoadedProgram) -> [UInt64: UInt64] {
    var values: [UInt64: UInt64] = [:]
    for address in stride(from: loaded.auxiliary.lowerBound, to: loaded.auxiliary.upperBound, by: 16) {
      if let key = space.word(address), let value = space.word(address + 8) { values[key] = value }
    }
    return values
  }

  @Test(
    "the stack is as the ABI says, aligned, with all strings, whatever their number", arguments: [0, 1, 2, 3, 7, 100])
  func stack(_ count: Int) throws {
    let file = try #require(TestFile(path: "/bin/ls"))
    let linker = try #require(TestFile(path: "/lib64/ld-linux-x86-64.so.2"))
    let texts = (0..<count).map { "argument \($0)" + String(repeating: "x", count: $0) }
    try withMachine {
      let space = try AddressSpace.make()
      defer { space.tearDown() }
      var facts = ProgramFacts()
      facts.users = (1_000, 0)
      facts.isSecure = true
      facts.random = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
      for byte in "/bin/ls".utf8 { try facts.path.append(byte) }
      let loaded = try ProgramLoader.load(
        try ELFFile(file), interpreter: try ELFFile(linker), try ArgumentList.make(texts, ["PATH=/bin", "EMPTY="]),
        facts, AddressLayout(stackLimit: 8 << 20, random: { 0x1234_5678_9abc_def0 }), into: space)
      #expect(loaded.stackPointer % 16 == 0)
      #expect(space.word(loaded.stackPointer) == UInt64(count))
      var address = loaded.stackPointer + 8
      for text in texts {
        #expect(space.string(try #require(space.word(address))) == text)
        address += 8
      }
      #expect(space.word(address) == 0)
      for text in ["PATH=/bin", "EMPTY="] {
        address += 8
        #expect(space.string(try #require(space.word(address))) == text)
      }
      #expect(space.word(address + 8) == 0)
      #expect(loaded.auxiliary.lowerBound == address + 16)
      let auxiliary = Self.auxiliary(space, loaded)
      #expect(space.string(try #require(auxiliary[31])) == "/bin/ls")
      #expect(space.string(try #require(auxiliary[15])) == "x86_64")
      #expect(space.bytes(try #require(auxiliary[25]), 16) == Array(0..<16))
      #expect(auxiliary[6] == 4_096 && auxiliary[17] == 100 && auxiliary[11] == 1_000 && auxiliary[12] == 0)
      #expect(auxiliary[23] == 1)
      let stack = try #require(space.areaList.last)
      #expect(stack.flags.contains(.growsDown) && !stack.protection.contains(.execute))
      #expect(stack.end > loaded.stackPointer)
      #expect(space.word(stack.end - 8) != nil)
    }
  }

  @Test("every load leaves nothing behind when memory ends in it")
  func shortage() throws {
    let file = try #require(TestFile(path: "/bin/ls"))
    let linker = try #require(TestFile(path: "/lib64/ld-linux-x86-64.so.2"))
    var failures = 0
    for limit in 0..<400 {
      var isDone = false
      try withMachine {
        AllocationFaults.fail(after: limit)
        do throws(Errno) {
          let space = try AddressSpace.make()
          defer { space.tearDown() }
          _ = try ProgramLoader.load(
            try ELFFile(file), interpreter: try ELFFile(linker), try ArgumentList.make(["ls"]), ProgramFacts(),
            AddressLayout(stackLimit: 8 << 20, random: nil), into: space)
          isDone = true
        } catch {
          #expect(error == .ENOMEM)
          failures += 1
        }
      }
      if isDone { break }
    }
    #expect(failures > 5)
  }

  @Test("layouts keep to their ranges, apart, for any stack limit and any random numbers")
  func layouts() {
    var random = SeededGenerator(seed: 7)
    for round in 0..<20_000 {
      let limit: UInt64 = round % 3 == 0 ? .max : random.next() >> (random.next() % 64)
      let layout = AddressLayout(stackLimit: limit, random: { random.next() })
      #expect(layout.stackTop <= UserSpace.defaultEnd && layout.stackTop % 4_096 == 0)
      #expect(layout.mappingBase < layout.stackTop && layout.mappingBase % 4_096 == 0)
      #expect(layout.mappingBase > UserSpace.kernelWindow.upperBound + 1 << 40)
      #expect(layout.stackTop - layout.mappingBase >= min(limit, 1 << 40))
      #expect(layout.programBase >= 0x5555_5555_4000 && layout.programBase < 0x5700_0000_0000)
      #expect(layout.stackOffset < 8_192 && layout.stackOffset % 16 == 0)
      #expect(layout.heapOffset <= 32 << 20)
    }
    let fixed = AddressLayout(stackLimit: 8 << 20, random: nil)
    #expect(fixed == AddressLayout(stackLimit: 8 << 20, random: nil))
    #expect(fixed.stackTop == UserSpace.defaultEnd)
  }
}
