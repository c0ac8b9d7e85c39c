/** Passwords of eight characters and more that are tried first, in lower case (shorter ones are refused for their length). */
export const commonPasswords: ReadonlySet<string> = new Set(
  `password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 123123123
11111111 00000000 87654321 987654321 88888888 66666666 12341234 11223344 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc qwertyui
qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 asdfghjk asdfghjkl zaq12wsx abcd1234 abc12345 abcdefgh abcdefghi
iloveyou iloveyou1 sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball superman superman1
batman123 trustno1 whatever welcome1 welcome12 welcome123 letmein1 letmein123 computer internet samsung1 michelle jennifer
jordan23 liverpool chocolate butterfly starwars pokemon1 charlie1 jessica1 michael1 victoria alexander scorpion mercedes
corvette midnight hello123 changeme changeme1 changeme123 admin123 admin1234 administrator root1234 test1234 testtest
secret123 default1 jupyter1 jupyter123 jupyterhub notebook jupyterlab student1 student123 teacher1 science1 research
summer2024 summer2025 summer2026 winter2024 winter2025 winter2026 spring2025 spring2026 autumn2025 autumn2026`.split(
    /\s+/,
  ),
);
