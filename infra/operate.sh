#!/bin/sh
# Runs a command of Tandem from here, as the installation in Azure:
#
#     infra/operate.sh tandem doctor
#
# In Azure the registration proves itself by the app's identity, which no other machine has. Here it
# gets a certificate that is valid for a day and is taken away when the command ends; the key never
# leaves this machine. You have to be the operator, and to own the registration or administer
# applications.
set -eu
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
  echo "usage: infra/operate.sh tandem COMMAND ..." >&2
  exit 2
fi

umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
name="operate-$(date +%s)-$$"
certificates() {
  az ad app credential list --id "$1" --cert --query "[?displayName=='$name'].keyId" --output tsv
}
leave() {
  rm -rf "$folder"
  for key in $(certificates "$TANDEM_CLIENT_ID"); do
    az ad app credential delete --id "$TANDEM_CLIENT_ID" --key-id "$key" --cert
  done
}

azd env get-values >"$folder/azd"
# shellcheck disable=SC1091
. "$folder/azd"
az functionapp config appsettings list --name "$APP_NAME" --resource-group "$AZURE_RESOURCE_GROUP" \
  --query "[?starts_with(name, 'TANDEM_')].[name, value]" --output tsv >"$folder/settings"
tab=$(printf '\t')
while IFS=$tab read -r variable value; do
  export "$variable=$value"
done <"$folder/settings"

# What stands for the identity here: a certificate, the operator's token, the operator's own eyes.
unset TANDEM_MANAGED_IDENTITY TANDEM_QUEUE_ACCOUNT_URL TANDEM_TELEMETRY_CONNECTION
TANDEM_SIGNING_KEYS=$(az keyvault secret show --vault-name "$VAULT_NAME" --name signing-keys \
  --query value --output tsv)
TANDEM_CREDENTIAL=certificate
TANDEM_CERTIFICATE_FILE="$folder/operate.pem"
TANDEM_STORE_SIGN_IN=address
TANDEM_STORE_URL="postgresql://$STORE_HOST/$STORE_DATABASE?sslmode=verify-full"
PGUSER=$OPERATOR_NAME
PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv)
export TANDEM_SIGNING_KEYS TANDEM_CREDENTIAL TANDEM_CERTIFICATE_FILE TANDEM_STORE_SIGN_IN \
  TANDEM_STORE_URL PGUSER PGPASSWORD

make setup
openssl req -x509 -newkey rsa:3072 -nodes -days 1 -subj "/CN=$name" \
  -keyout "$folder/key.pem" -out "$folder/certificate.pem" 2>/dev/null
cat "$folder/certificate.pem" "$folder/key.pem" >"$TANDEM_CERTIFICATE_FILE"
trap leave EXIT
trap 'exit 130' INT TERM
az ad app credential reset --id "$TANDEM_CLIENT_ID" --display-name "$name" --append \
  --cert "@$folder/certificate.pem" --output none
echo "Waiting until the directory knows the certificate ..." >&2
sleep 60

PATH="$PWD/.venv/bin:$PATH"
"$@"
