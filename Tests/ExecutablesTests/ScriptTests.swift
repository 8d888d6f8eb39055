import Foundation
import Foundations
import Machine
import TestSupport
import Testing
import VirtualMemory

@testable import Executables

@Suite("Scripts and arguments")
struct ScriptTests {
  private static func texts(_ header: borrowing ScriptHeader) -> [String] {
    func text(_ bytes: borrowing GrowableArray<UInt8>) -> String {
      String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
    }
    return header.argument.isEmpty ? [text(header.interpreter)] : [text(header.interpreter), text(header.argument)]
  }

  private static func parse(_ text: String) throws(Errno) -> [String]? {
    let bytes = Array(text.utf8.prefix(256))
    guard ScriptHeader.isScript(bytes.span) else { return nil }
    let header = try ScriptHeader(bytes.span)
    return texts(header)
  }

  @Test("the line is read as execve(2) says")
  func lines() throws {
    #expect(try Self.parse("#!/bin/sh\necho") == ["/bin/sh"])
    #expect(try Self.parse("#!/bin/sh") == ["/bin/sh"])
    #expect(try Self.parse("#! \t/bin/sh  \t\n") == ["/bin/sh"])
    #expect(try Self.parse("#!/usr/bin/env  python3 -u  \nx") == ["/usr/bin/env", "python3 -u"])
    #expect(try Self.parse("#!/bin/sh\0 -x\n") == ["/bin/sh"])
    #expect(try Self.parse("\u{7f}ELF") == nil)
    #expect(try Self.parse("#") == nil)
    #expect(try Self.parse("") == nil)
    #expect(throws: Errno.ENOEXEC) { try Self.parse("#!") }
    #expect(throws: Errno.ENOEXEC) { try Self.parse("#! \t \n/bin/sh") }
    let long = String(repeating: "a", count: 300)
    #expect(throws: Errno.ENOEXEC) { try Self.parse("#!/" + long) }
    // An argument may be cut off, a path may not.
    #expect(try Self.parse("#!/bin/sh " + long)?.last == String(repeating: "a", count: 246))
    #expect(
      try Self.parse("#!/" + String(repeating: "b", count: 252) + "\n") == ["/" + String(repeating: "b", count: 252)])
  }

  @Test("the interpreter gets itself, its argument, the path and the rest")
  func prepending() throws {
    let header = Array("#!/bin/awk -f\n".utf8)
    var list = try ArgumentList.make(["script", "one", "", "three"])
    let path = Array("./script".utf8)
    try list.prepend(ScriptHeader(header.span), path: path.span)
    #expect(list.argumentTexts == ["/bin/awk", "-f", "./script", "one", "", "three"])
    #expect(list.argumentCount == 6)
    var empty = try ArgumentList.make([])
    try empty.prepend(ScriptHeader(header.span), path: path.span)
    #expect(empty.argumentTexts == ["/bin/awk", "-f", "./script"])
  }

  @Test("too much is refused: one string, and all together with their pointers")
  func limits() throws {
    let long = [UInt8](repeating: 65, count: ArgumentList.stringLimit)
    var list = ArgumentList(stackLimit: 8 << 20)
    #expect(throws: Errno.E2BIG) { try list.append(argument: long.span) }
    try list.append(argument: long.span.extracting(1..<long.count))
    var count = 1
    while (try? list.append(environment: long.span.extracting(1..<long.count))) != nil { count += 1 }
    #expect(count == 15)
    var small = ArgumentList(stackLimit: 0)
    var pointers = 0
    while (try? small.append(argument: long.span.extracting(0..<0))) != nil { pointers += 1 }
    #expect(pointers == 131_072 / 9)
  }

  @Test("damaged programs are loaded or refused, and nothing is left behind", arguments: 0..<8 as Range<UInt64>)
  func damage(_ seed: UInt64) throws {
    let paths = ["/bin/ls", "/lib64/ld-linux-x86-64.so.2"]
    var random = SeededGenerator(seed: seed)
    let content = try #require(TestFile(path: paths[Int(seed % 2)])).content
    var (loads, refusals) = (0, 0)
    for _ in 0..<150 {
      var damaged = content
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let place = Int.random(in: 0..<(64 + 14 * 56), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: damaged[place] = UInt8.random(in: 0...255, using: &random)
        case 1: damaged[place] = [0, 0xff, 0x7f, 0x80].randomElement(using: &random) ?? 0
        case 2: damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default:
          for index in 0..<8 where place + index < 848 {
            damaged[place + index] = [0, 0xff].randomElement(using: &random) ?? 0
          }
        }
      }
      if random.next() % 10 == 0 { damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random)) }
      try withMachine {
        do throws(Errno) {
          let space = try AddressSpace.make()
          defer { space.tearDown() }
          let program = try ELFFile(TestFile(damaged))
          let linker = program.interpreterPath.isEmpty ? nil : try ELFFile(TestFile(content))
          let loaded = try ProgramLoader.load(
            program, interpreter: linker, try ArgumentList.make(["x"]), ProgramFacts(),
            AddressLayout(stackLimit: 8 << 20, random: { random.next() }), into: space)
          #expect(UserSpace.contains(loaded.entry))
          for area in space.areaList { #expect(UserSpace.contains(area.start, byteCount: area.end - area.start)) }
          loads += 1
        } catch {
          #expect([.ENOEXEC, .EINVAL, .ENOMEM, .ELIBBAD, .EFAULT, .EEXIST, .EOVERFLOW].contains(error), "\(error)")
          refusals += 1
        }
      }
    }
    #expect(loads > 10 && refusals > 10)
  }
}
